/// The versions of one key, as far as they can be read.
extension Engine {
    /// A version of a key.
    package struct KeyState: Sendable {
        package let timestamp: Timestamp
        /// `nil` for a deletion.
        package let value: [UInt8]?
    }

    /// Calls `body` with the versions of `key` that some readable timestamp sees, newest first.
    ///
    /// The algorithm:
    /// 1. A point read at the newest timestamp finds the newest version, wherever it is. One at the timestamp before
    ///    that finds the next, and so on down to the floor.
    /// 2. Below the version that the floor sees, only what named snapshots see is left: the reads go from one of them
    ///    to the next, so nothing is met that is merely not dropped yet.
    /// 3. A deletion at or below the floor is passed on only when an older value is: else a compaction may have dropped
    ///    it already, and whether one has must not show.
    ///
    /// Point reads rather than a walk along each source's versions: they know what hides what, and a key seldom has many
    /// versions.
    ///
    /// - Parameters:
    ///   - floor: Gives the timestamp from which on every one can be read; not below what was announced to readers.
    ///   - since: Only versions after this timestamp.
    ///   - body: Returns `false` to stop.
    package func history(
        of key: BorrowedBytes, floor: () -> Timestamp, since: Timestamp, _ body: (KeyState) -> Bool
    ) throws(StoreError) {
        // One epoch for all reads: the extents of large values that are dropped meanwhile, also from tables newer than the
        // view's, are not given to others before it ends.
        let epoch = Epoch.pin()
        defer { Epoch.unpin(epoch) }
        // The view first, then what can be read: whatever a compaction dropped from the view, it announced before.
        let view = currentView()
        let floor = floor()
        let named = versions.history.snapshots.map(\.timestamp).filter { $0 < floor }.sorted()
        let hash = xxh3(key)
        var held: [KeyState] = []
        var next: Timestamp? = publishedTimestamp
        while let timestamp = next, let version = try read(key, hash: hash, at: timestamp, from: view) {
            let isWanted = version.timestamp > since
            if !isWanted, held.isEmpty { return }
            if version.value == nil, version.timestamp <= floor {
                if isWanted { held.append(version) }
            } else {
                for state in isWanted ? held + [version] : held where !body(state) { return }
                held.removeAll()
            }
            let before = Timestamp(rawValue: max(version.timestamp.rawValue, 1) - 1)
            next = version.timestamp > floor ? before : named.last { $0 < version.timestamp }
        }
    }

    private func read(
        _ key: BorrowedBytes, hash: UInt64, at timestamp: Timestamp, from view: ReadView
    ) throws(StoreError) -> KeyState? {
        guard let found = try view.find(key, hash: hash, at: timestamp) else { return nil }
        let value: [UInt8]? =
            switch found.kind {
            case .value: found.value.array
            case .largeValue: try file.readLargeValue(LargeValueReference(verified: found.value))
            case .tombstone, .rangeTombstone: nil
            }
        return KeyState(timestamp: found.timestamp, value: value)
    }
}
