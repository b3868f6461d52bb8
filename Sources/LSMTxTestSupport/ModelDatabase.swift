/// What the store must answer, kept in the plainest way: every version of every key, and the keys in order.
///
/// It shares no code with the engine. A commit is named by its number: 0 is the empty database.
package struct ModelDatabase: Sendable {
    /// What a transaction writes: a value, or `nil` to delete.
    package typealias Writes = [[UInt8]: [UInt8]?]

    private struct Version {
        let commit: Int
        let value: [UInt8]?
    }

    private var versions: [[UInt8]: [Version]] = [:]
    /// Every key that was ever written, in byte order, shorter prefix first.
    private var keys: [[UInt8]] = []
    /// The number of the newest commit.
    package private(set) var newest = 0

    package init() {}

    /// Applies a commit and returns its number. A commit that writes nothing has none of its own.
    @discardableResult
    package mutating func commit(_ writes: Writes) -> Int {
        guard !writes.isEmpty else { return newest }
        newest += 1
        for (key, value) in writes {
            if versions[key] == nil { keys.insert(key, at: position(of: key)) }
            versions[key, default: []].append(Version(commit: newest, value: value))
        }
        return newest
    }

    /// Forgets every commit after `commit`.
    package mutating func forget(after commit: Int) {
        guard commit < newest else { return }
        newest = commit
        for key in keys {
            versions[key]?.removeAll { $0.commit > commit }
            if versions[key]?.isEmpty == true { versions[key] = nil }
        }
        keys.removeAll { versions[$0] == nil }
    }

    package func get(_ key: [UInt8], at commit: Int) -> [UInt8]? {
        versions[key]?.last { $0.commit <= commit }?.value
    }

    /// The newest version of a key up to `commit`: which commit wrote it, and what, `nil` for a deletion.
    package func version(of key: [UInt8], at commit: Int) -> (commit: Int, value: [UInt8]?)? {
        versions[key]?.last { $0.commit <= commit }.map { ($0.commit, $0.value) }
    }

    /// Whether one of the keys was written after `commit`.
    package func hasChange(of written: some Sequence<[UInt8]>, after commit: Int) -> Bool {
        written.contains { key in versions[key].map { $0[$0.count - 1].commit > commit } ?? false }
    }

    /// The entries from `lower` up to but not including `upper`, as `own` writes over them leave them.
    package func scan(
        from lower: [UInt8] = [], upTo upper: [UInt8]? = nil, reverse: Bool = false, limit: Int = .max, at commit: Int,
        own: Writes = [:]
    ) -> [(key: [UInt8], value: [UInt8])] {
        var inRange = keys[position(of: lower)...].prefix { key in upper.map { Self.isBefore(key, $0) } ?? true }
        for key in own.keys where versions[key] == nil {
            guard !Self.isBefore(key, lower), upper.map({ Self.isBefore(key, $0) }) ?? true else { continue }
            inRange.append(key)
        }
        let ordered = own.isEmpty ? Array(inRange) : inRange.sorted(by: Self.isBefore)
        var found: [(key: [UInt8], value: [UInt8])] = []
        for index in ordered.indices {
            guard found.count < limit else { break }
            let key = ordered[reverse ? ordered.count - 1 - index : index]
            let value = own[key] ?? get(key, at: commit)
            if let value { found.append((key, value)) }
        }
        return found
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
