/// Closing: after it, the file holds its tables, one empty log segment, and nothing else.
extension Engine {
    /// Flushes everything and leaves the file closed and as small as it can be.
    ///
    /// The caller has ended all commits and joined the background threads. After a failure the file stays as it is;
    /// the next open replays the log.
    ///
    /// - Throws: `diskFull`, `io` or `poisoned`; everything acknowledged is safe in the log then.
    package func closeCleanly() throws(StoreError) {
        guard let log else { return }
        try poison.check()
        let hasWork = state.withLock { !$0.frozen.isEmpty || $0.active.memtable.entryCount > 0 }
        guard hasWork || !versions.superblock.isClean else {
            // Large values may have been written that were not committed.
            try cutTail()
            return
        }

        try freezeForFlush()
        while state.withLock({ !$0.frozen.isEmpty }) { try flushOldest() }
        if versions.superblock.logStart.position != log.position {
            try publishLogStart(log.start(at: log.position), of: log) { _ in }
        }
        log.releaseSpares()
        try tidyForClose()
        // The views that were replaced give up their tables, so that what only they held is free for the log or cut
        // off. An iterator that outlives the close keeps its own.
        Epoch.drain()

        let published = publishedTimestamp
        var before = Generation(rawValue: 0)
        try publishLogStart(log.moveToLowest(born: versions.nextGeneration), of: nil) { superblock in
            before = superblock.generation
            superblock.isClean = true
            superblock.timestampFloor = max(superblock.timestampFloor, published)
        }
        log.releaseOthers(lastNamedIn: before)
        file.allocator.reclaim(oldestSlot: versions.oldestSlot)

        try moveManifestDown()
        // Both slots name only the clean state now, so everything retired is free, and the free tail can go.
        file.allocator.reclaim(oldestSlot: versions.oldestSlot)
        try cutTail()
    }

    /// Cuts off what is free at the file's end.
    private func cutTail() throws(StoreError) {
        // Everything that was committed is in tables, so what is pending belongs to transactions that can only end.
        file.allocator.releaseAllPending()
        let length = try file.device.length()
        try file.cutTail()
        if (try file.device.length()) < length { try file.device.sync() }
    }

    /// Has both superblocks say that replay starts at `start`, which is the log's end.
    ///
    /// - Parameter log: Truncated to `start`, unless the log has moved there already.
    private func publishLogStart(
        _ start: LogStart, of log: LogWriter?, update: (inout Superblock) -> Void
    ) throws(StoreError) {
        var before = Generation(rawValue: 0)
        _ = try versions.apply(VersionEdit()) { superblock in
            before = superblock.generation
            superblock.logStart = start
            superblock.logReach = start.position.lsn
            update(&superblock)
        }
        log?.truncate(to: start, lastNamedIn: before)
        log?.recycle(oldestSlot: versions.oldestSlot)
    }
}
