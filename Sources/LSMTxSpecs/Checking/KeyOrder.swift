/// The versions of one key as the graph knows them.
package struct KeyOrder {
    /// Which version a read saw.
    package enum Match {
        /// `successors` wrote the next version, or are some of those that wrote later ones.
        case version(writer: Int?, successors: ArraySlice<Int>)
        /// A value that no version has.
        case none
        /// Several versions have it.
        case several
        /// The reader's own write, which it had not made yet.
        case future
        /// Two lists contradict each other.
        case contradiction
    }

    /// By version, who wrote it; nobody wrote version 0.
    private var writers: [Int] = [-1]
    /// Those whose writes are behind all versions, in no known order.
    private var tail: [Int] = []
    private var list: [HistoryValue]?
    private var isLastOfWriter: [Bool] = [true]
    private var versions = KeyVersions()
    private var unordered: UnorderedVersions?

    /// An order that the commit timestamps make.
    package init(timestamps writers: [(place: Int, effect: ReducedTransaction.Effect)]) {
        for (position, writer) in writers.enumerated() {
            versions.add(writer.effect, at: position + 1)
            self.writers.append(writer.place)
        }
    }

    /// An order that the longest list makes. `tail` are the writers of what it does not hold.
    package init(list: [HistoryValue], origins: [(place: Int, isLast: Bool)], tail: [Int], isTailOrdered: Bool) {
        self.list = list
        for origin in origins {
            writers.append(origin.place)
            isLastOfWriter.append(origin.isLast)
        }
        if isTailOrdered { writers += tail } else { self.tail = tail }
    }

    /// No order but the one in which transactions replaced what they had read.
    package init(_ unordered: UnorderedVersions) { self.unordered = unordered }

    package var hasWriters: Bool { writers.count > 1 || !tail.isEmpty || unordered?.hasValues == true }

    /// Every pair of writers that follow each other.
    package func forEachSuccession(_ body: (Int, Int) -> Void) {
        for (first, second) in zip(writers.dropFirst(), writers.dropFirst(2)) where first >= 0 && second >= 0 {
            if first != second { body(first, second) }
        }
        if let last = writers.dropFirst().last {
            for writer in tail where writer != last && last >= 0 { body(last, writer) }
        }
        unordered?.forEachReplacement(body)
    }

    /// Finds the version that a read saw. `point` is what it read at; `floor` what it read at or behind.
    package func match(
        _ value: HistoryValue?, reader: Int, point: UInt64?, floor: UInt64?, time: (Int) -> UInt64
    ) -> Match {
        if let unordered { return unordered.match(value, reader: reader) }
        if let list { return matchList(value, list, reader) }
        var candidates = versions.versions(of: value)
        if candidates.isEmpty { return .none }
        if candidates.count > 1 { candidates.removeAll { writers[$0] == reader } }
        if candidates.count > 1 {
            guard let point else {
                // What was replaced before the reader began is not what it read.
                if let floor {
                    candidates.removeAll { $0 + 1 < writers.count && time(writers[$0 + 1]) <= floor }
                }
                return candidates.count == 1 ? version(candidates[0], reader) : .several
            }
            let seen = candidates.last { $0 == 0 || time(writers[$0]) <= point }
            guard let seen, seen + 1 == writers.count || time(writers[seen + 1]) > point else { return .several }
            candidates = [seen]
        }
        return candidates.first.map { version($0, reader) } ?? .future
    }

    /// Whether a value is that of several versions, so that no more than a guess says which one was read.
    package func isAmbiguous(_ value: HistoryValue?, reader: Int) -> Bool {
        guard list == nil, unordered == nil else { return false }
        return versions.versions(of: value).count { writers[$0] != reader } > 1
    }

    /// Where the order is unknown: who replaced a value for certain, since he began after its writer had completed, and
    /// had completed himself before `instant`.
    package func replacement(of value: HistoryValue?, before instant: Int) -> Int? {
        guard let value else { return nil }
        return unordered?.replacement(of: value, before: instant)
    }

    private func version(_ version: Int, _ reader: Int) -> Match {
        if version > 0, writers[version] == reader { return .future }
        let next = version + 1 < writers.count ? writers[(version + 1)..<(version + 2)] : tail[...]
        return .version(writer: version == 0 ? nil : writers[version], successors: next)
    }

    private func matchList(_ value: HistoryValue?, _ list: [HistoryValue], _ reader: Int) -> Match {
        guard let value else { return version(0, reader) }
        guard case .list(let elements) = value else { return .none }
        guard elements.count <= list.count, list[..<elements.count].elementsEqual(elements) else {
            return .contradiction
        }
        guard writers[1...elements.count].allSatisfy({ $0 >= 0 }) else { return .none }
        if writers[elements.count] == reader { return .future }
        return isLastOfWriter[elements.count] ? version(elements.count, reader) : .none
    }
}
