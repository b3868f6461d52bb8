/// The versions of a key whose writers have no timestamps.
///
/// 1. Who read a value and then wrote the key comes after the value's writer.
/// 2. A key that nobody deletes is absent before all its writers, and never again.
/// 3. Two who have read the same version, or absence, and both write the key lose an update, whichever is first.
/// 4. Of two writers one of whom began after the other one had completed, real time has the order.
///
/// The rest is open, and so is what several have written.
package struct UnorderedVersions {
    private struct Writer {
        var place: Int
        var invoked: Int
        var completed: Int
    }

    /// The writer of each value; `nil` if it has several.
    private var writers: [HistoryValue: Int?] = [:]
    /// By writer, those who read its version and then wrote the key.
    private var replacements: [Int: [Int]] = [:]
    /// Those who found the key absent and then wrote it.
    private var insertions: [Int] = []
    /// Those who write behind no version that is known.
    private var first: [Int] = []
    /// Whether it may have been absent later than before the first write.
    private let isDeleted: Bool
    /// By the instant at which they began, those that have completed. `earliest` has, for each of them and those behind
    /// it, who completed first.
    private var completed: [Writer] = []
    private var earliest: [Writer] = []
    private var completions: [Int: Int] = [:]

    init(of key: Int, _ effects: [(place: Int, effect: ReducedTransaction.Effect)], in index: HistoryIndex) {
        var isDeleted = index.maybeDeleted.contains(key)
        for (place, effect) in effects {
            switch effect {
            case .set(.some(let value)): writers[value] = writers[value] == nil ? .some(place) : .some(nil)
            case .set(nil), .append: isDeleted = true
            }
        }
        self.isDeleted = isDeleted
        for (place, _) in effects {
            for case .some(let seen) in index.transactions[place].statements.map({ $0.seen(of: key) }) {
                addReplacement(of: seen, by: place)
            }
        }
        let followers = Set(replacements.values.joined())
        first = effects.map(\.place).filter { !followers.contains($0) }
        if first.isEmpty { first = effects.map(\.place) }
        for (place, _) in effects {
            let source = index.transactions[place].source
            guard let end = source.completed, source.outcome == .committed else { continue }
            completions[place] = end
            completed.append(Writer(place: place, invoked: source.invoked, completed: end))
        }
        completed.sort { $0.invoked < $1.invoked }
        earliest = completed
        for place in earliest.indices.dropLast().reversed() {
            let next = earliest[place + 1]
            if next.completed < earliest[place].completed { earliest[place] = next }
        }
    }

    private mutating func addReplacement(of seen: HistoryValue?, by place: Int) {
        guard let seen else {
            if !isDeleted, insertions.last != place { insertions.append(place) }
            return
        }
        guard case .some(.some(let writer)) = writers[seen], writer != place else { return }
        if replacements[writer]?.last != place { replacements[writer, default: []].append(place) }
    }

    var hasValues: Bool { !writers.isEmpty }

    /// Whether all its versions are one behind the other.
    var isChain: Bool { !isDeleted && first.count <= 1 && replacements.values.allSatisfy { $0.count == 1 } }

    /// Every two that have replaced the same version.
    func forEachLostUpdate(_ body: (Int, Int) -> Void) {
        for followers in [insertions] + replacements.sorted(by: { $0.key < $1.key }).map(\.value) {
            for (one, other) in zip(followers, followers.dropFirst()) { body(one, other) }
        }
    }

    func forEachReplacement(_ body: (Int, Int) -> Void) {
        for (writer, followers) in replacements { for follower in followers { body(writer, follower) } }
    }

    func match(_ value: HistoryValue?, reader: Int) -> KeyOrder.Match {
        guard let value else { return isDeleted ? .several : .version(writer: nil, successors: first[...]) }
        guard let found = writers[value] else { return .none }
        guard let writer = found else { return .several }
        if writer == reader { return .future }
        return .version(writer: writer, successors: replacements[writer, default: []][...])
    }

    func replacement(of value: HistoryValue, before instant: Int) -> Int? {
        guard case .some(.some(let writer)) = writers[value], let end = completions[writer] else { return nil }
        var (low, high) = (0, completed.count)
        while low < high {
            let middle = (low + high) / 2
            if completed[middle].invoked <= end { low = middle + 1 } else { high = middle }
        }
        guard low < earliest.count, earliest[low].completed < instant else { return nil }
        return earliest[low].place
    }
}

extension DependencyGraph {
    mutating func unordered(
        _ key: Int, _ writers: [(place: Int, effect: ReducedTransaction.Effect)]
    ) -> UnorderedVersions {
        let versions = UnorderedVersions(of: key, writers, in: index)
        let name = index.keys.names[key]
        versions.forEachLostUpdate { one, other in
            let (left, right) = (index.transactions[one].source, index.transactions[other].source)
            verdict.add(
                Anomaly(
                    .lostUpdate, transactions: [left.id, right.id],
                    witness: [
                        "T\(left.id) and T\(right.id) read the same version of \(name), and both replaced it",
                        left.description, right.description,
                    ]))
        }
        if writers.count > 1, !versions.isChain { verdict.leaveOpen("\(name) has several writes in no known order") }
        return versions
    }
}

extension ReducedTransaction.Statement {
    /// What it read of a key; `nil` if it did not read it.
    fileprivate func seen(of key: Int) -> HistoryValue?? {
        switch self {
        case .point(key, let value): .some(value)
        case .scan(let keys, let values, let own) where keys.contains(key) && !own.contains(key): .some(values[key])
        case .point, .scan: nil
        }
    }
}
