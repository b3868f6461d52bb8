import LSMTx
import LSMTxTestSupport

/// The past: named snapshots, retained timestamps, histories.
extension ModelRun {
    /// The oldest commit that the retention lets be read without a name.
    private var retainedCommit: Int { retainedCommits.map { max(0, model.newest - Int($0)) } ?? 0 }

    /// The oldest timestamp that the engine lets be read without a name.
    ///
    /// It follows from the retention of now; or of before, which may have dropped what a wider one would keep.
    private func oldestReadable() throws -> Timestamp {
        let oldest = try database.oldestReadableTimestamp
        let commit = commit(at: oldest)
        guard (retainedCommit...max(retainedCommit, travelLimit)).contains(commit) else {
            throw ModelMismatch(
                description: "commit \(commit) is the oldest to be read; the retention is \(retainedCommits ?? .max), "
                    + "commits to \(travelLimit) may be gone, the newest is \(model.newest)")
        }
        return oldest
    }

    /// Remembers what may be dropped under the present retention.
    func noteTravelLimit() { travelLimit = max(travelLimit, retainedCommit) }

    func changeRetention() throws {
        noteTravelLimit()
        switch number(4) {
        case 0:
            try database.setRetention(.snapshotsOnly)
            retainedCommits = 0
        case 1:
            try database.setRetention(Retention(keep: nil, commits: nil, logBytes: nil))
            retainedCommits = nil
        default:
            retainedCommits = UInt64(number(200))
            try database.setRetention(Retention(keep: nil, commits: retainedCommits, logBytes: nil))
        }
        noteTravelLimit()
    }

    /// The newest commit at or before `timestamp`.
    private func commit(at timestamp: Timestamp) -> Int {
        timestamps.lastIndex { $0 <= timestamp } ?? 0
    }

    /// Reads at some timestamp of the past, or is refused.
    func travelOnce() throws {
        let newest = database.timestamp.rawValue
        let back = UInt64(number(number(3) == 0 ? 2_000 : 300))
        let timestamp = Timestamp(rawValue: newest > back ? newest - back : 0)
        let oldest = try oldestReadable()
        let isReadable = timestamp >= oldest || named.values.contains { timestamps[$0] == timestamp }
        var snapshot: Snapshot?
        let code = EngineFixture.code { snapshot = try database.snapshot(at: .timestamp(timestamp)) }
        guard code == (isReadable ? nil : .snapshotTooOld) else {
            throw ModelMismatch(
                description: "reading at \(timestamp) ended with \(String(describing: code)); the newest is \(newest), "
                    + "the oldest \(oldest)")
        }
        guard let snapshot else {
            work.refusedTravels += 1
            return
        }
        work.travels += 1
        let commit = commit(at: timestamp)
        try compare(snapshot, key(), at: commit, own: [:])
        try compareScan(snapshot, at: commit, own: [:])
        if number(20) == 0 { keep(snapshot, at: commit) } else { snapshot.close() }
    }

    func createNamed() throws {
        guard named.count < 6 else { return }
        let name = "snapshot \(number(20))"
        let past = try oldestReadable().rawValue
        let newest = database.timestamp.rawValue
        let isPast = number(3) == 0 && newest > past
        let timestamp = isPast ? Timestamp(rawValue: past + UInt64(number(Int(newest - past)))) : database.timestamp
        let code = EngineFixture.code {
            try database.createSnapshot(named: name, at: isPast ? .timestamp(timestamp) : .latest)
        }
        guard (code == nil) == (named[name] == nil) else {
            throw ModelMismatch(description: "making \(name) at \(timestamp) ended with \(String(describing: code))")
        }
        if code == nil { named[name] = commit(at: timestamp) }
    }

    func dropNamed() throws {
        guard let name = named.keys.sorted().randomElement(with: number) else { return }
        try database.dropSnapshot(named: name)
        named[name] = nil
    }

    /// Each named snapshot shows what it was made of, and no other is there.
    func compareNamed() throws {
        let found = try database.snapshots().map(\.name).sorted()
        guard found == named.keys.sorted() else {
            throw ModelMismatch(description: "named snapshots are \(found), not \(named.keys.sorted())")
        }
        for (name, commit) in named {
            try database.read(at: .named(name)) { snapshot in
                try compare(Array(snapshot.scan()), model.scan(at: commit), name)
                work.namedReads += 1
            }
        }
    }

    func compareHistory() throws {
        let key = key()
        let found = try database.history(of: key).map { version in
            ModelDatabase.Version(commit: commit(at: version.timestamp), value: version.value)
        }
        let floor = commit(at: try oldestReadable())
        let expected = model.history(of: key, floor: floor, named: named.values)
        guard ModelDatabase.withoutIdleDeletions(found) == expected else {
            throw ModelMismatch(
                description: "the history of \(KeyRange.escaped(key.prefix(40))) from \(floor) is "
                    + "\(found.map(\.commit)), not \(expected.map(\.commit))")
        }
    }
}

extension Array {
    fileprivate func randomElement(with number: (Int) -> Int) -> Element? {
        isEmpty ? nil : self[number(count)]
    }
}
