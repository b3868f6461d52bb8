extension TimestampReplay {
    /// One key that a statement read and the versions that hold what it saw.
    struct Read {
        let key: Int
        let value: HistoryValue?
        let versions: [Int]
    }

    /// Where a transaction reads and ends at one level; `nil` if no points explain it.
    struct Outcome {
        /// The last point that it needs to have completed.
        var end: Int?
        var kind: AnomalyClass
    }

    /// What each statement read, with the values that no version holds reported.
    mutating func resolve(_ transaction: ReducedTransaction) -> [[Read]]? {
        var isExplained = true
        let resolved = transaction.statements.map { statement -> [Read] in
            switch statement {
            case .point(let key, let value):
                if proves(nothingBy: value, at: key) { return [] }
                return [Read(key: key, value: value, versions: versions[key].versions(of: value))]
            case .scan(let keys, let values, let own):
                return keys.compactMap { key in
                    if own.contains(key) { return nil }
                    let value = values[key]
                    if value == nil, versions[key].isUntouched { return nil }
                    if proves(nothingBy: value, at: key) { return nil }
                    return Read(key: key, value: value, versions: versions[key].versions(of: value))
                }
            }
        }
        for read in resolved.joined() where read.versions.isEmpty {
            guard let value = read.value else { continue }
            isExplained = false
            report(
                index.kind(ofUnmatched: value, at: read.key), transaction,
                "read \(index.keys.names[read.key]) = \(value), which no committed transaction left")
        }
        return isExplained ? resolved : nil
    }

    private func proves(nothingBy value: HistoryValue?, at key: Int) -> Bool {
        index.doubtful.contains(key) || value == nil && index.maybeDeleted.contains(key)
    }

    /// The first point from `start` to `limit` at which all of `reads` hold.
    ///
    /// Every read moves the point to the next one at which it holds; when a round moves nothing, all hold.
    func firstPoint(_ reads: some Sequence<Read>, from start: Int, to limit: Int) -> Int? {
        var point = start
        while true {
            let before = point
            for read in reads {
                guard let next = versions[read.key].next(read.versions, from: point), next <= limit else { return nil }
                point = next
            }
            if point == before { return point <= limit ? point : nil }
        }
    }

    /// The ends of a transaction under read committed, snapshot isolation and serializability, if everything up to
    /// `bounds` must be seen.
    func outcomes(_ place: Int, _ statements: [[Read]], bounds: [Int]) -> [Outcome] {
        let position = positions[place]
        let limit = position.map { $0 - 1 } ?? times.count
        var point: Int? = bounds[0] <= limit ? bounds[0] : nil
        for statement in statements {
            point = point.flatMap { firstPoint(statement, from: $0, to: limit) }
        }
        let committed = Outcome(end: point.map { position ?? $0 }, kind: .noStatementPoint)
        let snapshot = snapshotOutcome(place, statements, bound: bounds[1], limit: limit)
        let isCurrent =
            position == nil || bounds[2] <= limit && firstPoint(statements.joined(), from: limit, to: limit) != nil
        var serial = snapshotOutcome(place, statements, bound: bounds[2], limit: limit)
        if serial.end != nil, !isCurrent { serial = Outcome(end: nil, kind: .noCommitPoint) }
        return [committed, snapshot, serial]
    }

    private func snapshotOutcome(_ place: Int, _ statements: [[Read]], bound: Int, limit: Int) -> Outcome {
        let transaction = index.transactions[place]
        let position = positions[place]
        // Nobody else may write the same keys behind the snapshot.
        let lastWrite = position.flatMap { position in
            transaction.writes.map { versions[$0.key].lastChange(before: position) }.max()
        }
        var first = bound
        var last = limit
        if transaction.source.outcome != .unknown, let snapshot = transaction.source.snapshot {
            let point = self.point(of: snapshot)
            if point < bound { return Outcome(end: nil, kind: .noSnapshotPoint) }
            (first, last) = (point, min(point, limit))
        }
        guard first <= last, let point = firstPoint(statements.joined(), from: first, to: last) else {
            return Outcome(end: nil, kind: .noSnapshotPoint)
        }
        guard let lastWrite, point < lastWrite else { return Outcome(end: position ?? point, kind: .noSnapshotPoint) }
        // At the store's serializable level only reads are checked, so the recorded snapshot need not be behind the
        // writes of others: a later one that explains the same reads will do.
        if transaction.source.level == .serializable { last = limit }
        guard lastWrite <= last, firstPoint(statements.joined(), from: lastWrite, to: last) != nil else {
            return Outcome(end: nil, kind: .lostUpdate)
        }
        return Outcome(end: position ?? point, kind: .lostUpdate)
    }
}
