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
    /// Without a known order: the writer of each value and those that read it and then replaced it.
    private var byValue: [HistoryValue: Int]?
    private var replacements: [Int: [Int]] = [:]

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
    package init(values: [HistoryValue: Int], replacements: [Int: [Int]]) {
        byValue = values
        self.replacements = replacements
    }

    package var hasWriters: Bool { writers.count > 1 || !tail.isEmpty || byValue?.isEmpty == false }

    /// Every pair of writers that follow each other.
    package func forEachSuccession(_ body: (Int, Int) -> Void) {
        for (first, second) in zip(writers.dropFirst(), writers.dropFirst(2)) where first >= 0 && second >= 0 {
            if first != second { body(first, second) }
        }
        if let last = writers.dropFirst().last {
            for writer in tail where writer != last && last >= 0 { body(last, writer) }
        }
        for (writer, followers) in replacements { for follower in followers { body(writer, follower) } }
    }

    package func match(_ value: HistoryValue?, reader: Int, point: UInt64?, time: (Int) -> UInt64) -> Match {
        if let byValue { return matchUnordered(value, byValue, reader) }
        if let list { return matchList(value, list, reader) }
        var candidates = versions.versions(of: value)
        if candidates.isEmpty { return .none }
        if candidates.count > 1 { candidates.removeAll { writers[$0] == reader } }
        if candidates.count > 1 {
            guard let point else { return .several }
            let seen = candidates.last { $0 == 0 || time(writers[$0]) <= point }
            guard let seen, seen + 1 == writers.count || time(writers[seen + 1]) > point else { return .several }
            candidates = [seen]
        }
        return candidates.first.map { version($0, reader) } ?? .future
    }

    /// Whether a value is that of several versions, so that no more than a guess says which one was read.
    package func isAmbiguous(_ value: HistoryValue?, reader: Int) -> Bool {
        guard list == nil, byValue == nil else { return false }
        return versions.versions(of: value).count { writers[$0] != reader } > 1
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

    private func matchUnordered(_ value: HistoryValue?, _ byValue: [HistoryValue: Int], _ reader: Int) -> Match {
        guard let value else { return .several }
        guard let writer = byValue[value] else { return .none }
        if writer == reader { return .future }
        return .version(writer: writer, successors: replacements[writer, default: []][...])
    }
}
