/// What can stand in the place of an argument or of an option's value: what completions offer, and of a closed set also
/// what is accepted.
package enum Completion: Sendable, Hashable {
    /// Anything; nothing is offered.
    case none
    case file
    case directory
    /// One of these words and nothing else.
    case values([String])
    /// The name of a snapshot of the store, among other things.
    case snapshotName
    /// A key, whole or its beginning. Only the shell offers them: it has the store open.
    case key
    /// The name of a command.
    case command

    /// The closed set, if it is one.
    package var values: [String]? {
        if case .values(let values) = self { return values }
        return nil
    }

    /// Throws if `word` is not in the closed set.
    ///
    /// - Parameters:
    ///   - word: What was typed.
    ///   - noun: What it is, for the error.
    func check(_ word: [UInt8], noun: String) throws {
        guard let values, !values.contains(where: { Array($0.utf8) == word }) else { return }
        let typed = Escaping.terminal(word)
        throw UsageError(
            "Unknown \(noun) '\(typed)', expected \(values.joined(separator: ", ")).",
            didYouMean: Suggestion.closest(to: typed, among: values))
    }
}
