/// What the store must answer, kept in the plainest way: every version of every key, and the keys in order.
///
/// It shares no code with the engine. A commit is named by its number: 0 is the empty database.
package struct ModelDatabase: Sendable {
    package typealias Writes = ModelWrites

    package struct Version: Sendable, Equatable {
        package let commit: Int
        package let value: [UInt8]?

        package init(commit: Int, value: [UInt8]?) {
            self.commit = commit
            self.value = value
        }
    }

    private var versions: [[UInt8]: [Version]] = [:]
    /// Every key that was ever written, in byte order, shorter prefix first.
    private var keys: [[UInt8]] = []
    private var deletedRanges: [(commit: Int, range: ModelWrites.Range)] = []
    /// The number of the newest commit.
    package private(set) var newest = 0

    package init() {}

    /// Applies a commit and returns its number. A commit that writes nothing has none of its own.
    @discardableResult
    package mutating func commit(_ writes: ModelWrites) -> Int {
        guard !writes.isEmpty else { return newest }
        newest += 1
        for range in writes.ranges {
            deletedRanges.append((newest, range))
            for key in keys[position(of: range.lower)...].prefix(while: range.contains)
            where writes.points[key] == nil && versions[key]?.last?.commit != newest {
                versions[key]?.append(Version(commit: newest, value: nil))
            }
        }
        for (key, value) in writes.points {
            if versions[key] == nil { keys.insert(key, at: position(of: key)) }
            versions[key, default: []].append(Version(commit: newest, value: value))
        }
        return newest
    }

    package func get(_ key: [UInt8], at commit: Int, own: ModelWrites = [:]) -> [UInt8]? {
        if let own = own.own(key) { return own }
        return versions[key]?.last { $0.commit <= commit }?.value
    }

    /// The newest version of a key up to `commit`.
    package func version(of key: [UInt8], at commit: Int) -> Version? {
        versions[key]?.last { $0.commit <= commit }
    }

    /// Whether one of the keys was changed after `commit`.
    package func hasChange(of written: some Sequence<[UInt8]>, after commit: Int) -> Bool {
        var writes = ModelWrites()
        for key in written { writes.delete(key) }
        return hasChange(of: writes, after: commit)
    }

    /// Whether something that `writes` changes was changed after `commit`.
    package func hasChange(of writes: ModelWrites, after commit: Int) -> Bool {
        let ranges = deletedRanges.reversed().prefix { $0.commit > commit }.map(\.range)
        for key in writes.points.keys {
            if let last = versions[key]?.last, last.commit > commit { return true }
            if ranges.contains(where: { $0.contains(key) }) { return true }
        }
        for written in writes.ranges {
            if ranges.contains(where: { $0.meets(written) }) { return true }
            let inside = keys[position(of: written.lower)...].prefix(while: written.contains)
            if inside.contains(where: { versions[$0].map { $0[$0.count - 1].commit > commit } ?? false }) {
                return true
            }
        }
        return false
    }

    /// The entries from `lower` up to but not including `upper`, as `own` writes over them leave them.
    package func scan(
        from lower: [UInt8] = [], upTo upper: [UInt8]? = nil, reverse: Bool = false, limit: Int = .max, at commit: Int,
        own: ModelWrites = [:]
    ) -> [(key: [UInt8], value: [UInt8])] {
        let range = ModelWrites.Range(lower: lower, upper: upper)
        var inRange = keys[position(of: lower)...].prefix(while: range.contains)
        for key in own.points.keys where versions[key] == nil && range.contains(key) { inRange.append(key) }
        let ordered = own.isEmpty ? Array(inRange) : inRange.sorted(by: Self.isBefore)
        var found: [(key: [UInt8], value: [UInt8])] = []
        for index in ordered.indices {
            guard found.count < limit else { break }
            let key = ordered[reverse ? ordered.count - 1 - index : index]
            if let value = get(key, at: commit, own: own) { found.append((key, value)) }
        }
        return found
    }

    /// The versions of `key` that are seen at some commit from `floor` on, or at one of `named`; newest first, without
    /// deletions that hide nothing, which a store may forget.
    package func history(of key: [UInt8], floor: Int, named: some Sequence<Int>) -> [Version] {
        let all = versions[key] ?? []
        var seen: [Version] = []
        for (index, version) in all.enumerated() {
            let next = index + 1 < all.count ? all[index + 1].commit : Int.max
            if next > floor || named.contains(where: { version.commit <= $0 && $0 < next }) { seen.append(version) }
        }
        return Self.withoutIdleDeletions(seen.reversed())
    }

    /// Takes the oldest versions off a history, newest first, up to the first that has a value.
    package static func withoutIdleDeletions(_ history: some Sequence<Version>) -> [Version] {
        var result = Array(history)
        while let last = result.last, last.value == nil { result.removeLast() }
        return result
    }

    private func position(of key: [UInt8]) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if Self.isBefore(keys[middle], key) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func isBefore(_ a: [UInt8], _ b: [UInt8]) -> Bool { a.lexicographicallyPrecedes(b) }
}
