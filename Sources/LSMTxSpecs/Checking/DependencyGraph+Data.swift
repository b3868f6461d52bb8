extension DependencyGraph {
    /// Adds what follows from what was read and written.
    mutating func addDataDependencies() {
        var writers: [[(place: Int, effect: ReducedTransaction.Effect)]] =
            Array(repeating: [], count: index.keys.names.count)
        for (place, transaction) in index.transactions.enumerated() {
            for write in transaction.writes { writers[write.key].append((place, write.effect)) }
        }
        let longest = longestLists()
        let places = Dictionary(
            uniqueKeysWithValues: index.transactions.enumerated().map { ($1.source.id, $0) })
        let orders = writers.indices.map { key in order(of: key, writers[key], longest[key], places) }
        for (key, order) in orders.enumerated() {
            var found: [Dependency] = []
            order.forEachSuccession { first, second in
                found.append(
                    Dependency(kind: .writeWrite, from: Int32(first), to: Int32(second), key: Int32(key)))
            }
            dependencies += found
        }
        for place in index.transactions.indices { addReads(of: place, orders) }
    }

    private func longestLists() -> [Int: LongestList] {
        var longest: [Int: LongestList] = [:]
        func look(_ key: Int, _ value: HistoryValue?, _ reader: Int) {
            guard case .list(let list) = value, list.count > longest[key]?.elements.count ?? 0 else { return }
            longest[key] = LongestList(elements: list, reader: reader)
        }
        for (place, transaction) in index.transactions.enumerated() {
            for statement in transaction.statements {
                switch statement {
                case .point(let key, let value): look(key, value, place)
                case .scan(_, let values, _): for (key, value) in values { look(key, value, place) }
                }
            }
        }
        return longest
    }

    /// Says so if a list holds an element more often than it was appended.
    private mutating func checkRepetitions(in list: LongestList, of key: Int) {
        var counts: [HistoryValue: Int] = [:]
        for element in list.elements {
            counts[element, default: 0] += 1
            let appended = index.origins(of: element, at: key).count
            guard appended > 0, counts[element, default: 0] == appended + 1 else { continue }
            report(
                .incompatibleOrder, list.reader,
                "T\(index.transactions[list.reader].source.id) read \(index.keys.names[key]) with \(element) more often "
                    + "than it was appended")
        }
    }

    private mutating func order(
        of key: Int, _ writers: [(place: Int, effect: ReducedTransaction.Effect)], _ longest: LongestList?,
        _ places: [Int: Int]
    ) -> KeyOrder {
        let isTimed = writers.allSatisfy { index.transactions[$0.place].commit != nil }
        let sorted =
            isTimed
            ? writers.sorted {
                (index.transactions[$0.place].commit ?? (0, 0)) < (index.transactions[$1.place].commit ?? (0, 0))
            } : writers
        let isList = writers.allSatisfy { if case .append = $0.effect { true } else { false } }
        if isList, !writers.isEmpty {
            let list = longest?.elements ?? []
            if let longest { checkRepetitions(in: longest, of: key) }
            let origins = list.map { element -> (place: Int, isLast: Bool) in
                let candidates = index.origins(of: element, at: key)
                let origin = candidates.first { places[$0.transaction] != nil && $0.isLast } ?? candidates.first
                return (origin.flatMap { places[$0.transaction] } ?? -1, origin?.isLast ?? false)
            }
            let held = Set(list)
            let tail = sorted.filter { writer in
                guard case .append(let elements) = writer.effect else { return false }
                return !elements.allSatisfy(held.contains)
            }
            if tail.count > 1, !isTimed {
                verdict.leaveOpen("\(index.keys.names[key]) has several appends that nobody read")
            }
            return KeyOrder(list: list, origins: origins, tail: tail.map(\.place), isTailOrdered: isTimed)
        }
        return isTimed ? KeyOrder(timestamps: sorted) : KeyOrder(unordered(key, writers))
    }

    private mutating func addReads(of place: Int, _ orders: [KeyOrder]) {
        let transaction = index.transactions[place]
        if let problem = transaction.internalProblem { report(.internal, place, problem) }
        for (number, statement) in transaction.statements.enumerated() {
            switch statement {
            case .point(let key, let value):
                addRead(key, value, of: place, number, .readWrite, orders[key])
            case .scan(let keys, let values, let own):
                for key in keys where !own.contains(key) {
                    addRead(key, values[key], of: place, number, .scanWrite, orders[key])
                }
            }
        }
    }

    private mutating func addRead(
        _ key: Int, _ value: HistoryValue?, of place: Int, _ statement: Int, _ kind: Dependency.Kind, _ order: KeyOrder
    ) {
        let source = index.transactions[place].source
        let name = index.keys.names[key]
        if value == nil, !order.hasWriters || index.maybeDeleted.contains(key) { return }
        let point = source.level == .readCommitted ? nil : source.snapshot
        if order.isAmbiguous(value, reader: place) {
            verdict.leaveOpen("T\(source.id) read \(name) = \(value.map(\.description) ?? "none"), which several left")
        }
        let match = order.match(value, reader: place, point: point, floor: source.snapshot) { writer in
            index.transactions[writer].commit?.time ?? 0
        }
        if let later = order.replacement(of: value, before: source.invoked) {
            let other = index.transactions[later].source
            verdict.add(
                Anomaly(
                    .observedVanishes, order: .realTime, transactions: [other.id, source.id],
                    witness: [
                        "T\(source.id) began after T\(other.id), but read \(name) = "
                            + "\(value.map(\.description) ?? "none"), which T\(other.id) began after",
                        other.description, source.description,
                    ]))
        }
        switch match {
        case .version(let writer, let successors):
            if let writer {
                dependencies.append(
                    Dependency(
                        kind: .writeRead, from: Int32(writer), to: Int32(place), key: Int32(key),
                        statement: Int32(statement)))
            }
            for successor in successors where successor != place && successor >= 0 {
                dependencies.append(
                    Dependency(
                        kind: kind, from: Int32(place), to: Int32(successor), key: Int32(key),
                        statement: Int32(statement)))
            }
        case .none:
            guard let value else { return }
            report(
                index.kind(ofUnmatched: value, at: key), place,
                "T\(source.id) read \(name) = \(value), which no committed transaction left")
        case .contradiction:
            guard let value else { return }
            let kind = index.kind(ofUnmatched: value, at: key)
            report(
                kind == .g1b ? .incompatibleOrder : kind, place,
                "T\(source.id) read \(name) = \(value), which is no prefix of its longest list")
        case .future:
            report(.internal, place, "T\(source.id) read \(name) as it wrote it only later")
        case .several:
            if value == nil || !order.isAmbiguous(value, reader: place) {
                verdict.leaveOpen("T\(source.id) read \(name), whose versions have no known order")
            }
        }
    }

    mutating func report(_ kind: AnomalyClass, _ place: Int, _ text: String) {
        let source = index.transactions[place].source
        verdict.add(
            Anomaly(kind, transactions: [source.id], witness: [text, source.description]))
    }
}

/// The longest list that was read of a key, and who read it.
private struct LongestList {
    var elements: [HistoryValue]
    var reader: Int
}
