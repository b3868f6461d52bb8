extension Spec {
    /// The part of the spec that a word picks: all of it when the spec's name has the word in it, else the schedules
    /// whose names have. Upper and lower case are the same.
    ///
    /// - Parameter word: What to look for.
    /// - Returns: The spec with these schedules only, or `nil` if there is nothing of that name.
    /// - Complexity: Linear in the length of the names.
    public func matching(_ word: String) -> Spec? {
        let wanted = word.lowercased()
        if name.lowercased().contains(wanted) { return self }
        var part = self
        part.explore = nil
        part.schedules.removeAll { !$0.name.lowercased().contains(wanted) }
        return part.schedules.isEmpty ? nil : part
    }
}
