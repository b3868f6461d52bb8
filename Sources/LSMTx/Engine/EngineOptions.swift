/// The engine's sizes and modes, made from the public configuration.
package struct EngineOptions: Sendable {
    /// No byte of the file is changed; the log of a file that was not closed is replayed in memory.
    package var isReadOnly = false
    /// Size of one memtable.
    package var memtableBytes = 64 << 20
    /// Bytes that the block cache may hold.
    package var cacheBytes = 64 << 20
    /// For a new file: the size in which tables and the log take space.
    package var extentBytes: UInt64 = 1 << 20
    /// Values longer than this live in extents of their own.
    package var largeValueBytes = Limits.largeValueBytes
    /// A memtable is also flushed when the large values in it have so many bytes, so that compaction soon finds those
    /// that have been written over.
    package var largeBytesOfMemtable: UInt64 { UInt64(memtableBytes) * 4 }
    /// Frozen memtables that may wait for their flush beside the active one.
    package var maximumFrozenMemtables = 2
    /// So many tables of level 0 are compacted into level 1.
    package var levelZeroTables = 4
    /// A compaction is split in two if each part reads at least so much; `nil` for a whole table, and at least 4 MiB.
    package var compactionPartBytes: UInt64?
    /// Whether two threads may merge at once, while nobody commits.
    package var mergesTogether = Processors.count >= 2
    /// Tables are compacted when this share of what it reads can be dropped.
    package var garbageShare = CompactionPicker.garbageShare
    /// With so many tables in level 0, writers are slowed, and then stopped until a compaction has been done: reads ask
    /// each of them.
    package var levelZeroSlow = 8
    package var levelZeroStop = 12
    /// How often an idle store looks whether time has made old versions droppable, when there are any that only the
    /// retention keeps.
    package var retentionLookMilliseconds = 5000
    /// How often the background worker looks whether commits have ceased, when there is something to do for reads then.
    package var settlingLookMilliseconds = 100
    /// How long a deleted range, or a large value, stays in the memtable at most: what it hides cannot go before the flush.
    package var flushDelayMilliseconds = 10_000
    /// Free space at the end of the file that is kept for what comes next while the store is open; more is cut off.
    package var freeTailBytes = 128 << 20
    /// The most that is punched between two tasks of the background worker.
    package var punchBytes = 64 << 20
    /// How many bytes of tables a close compacts or moves at most.
    package var closeBytes = 1 << 30
    /// Survivors of a crash below this size go to a fresh log, larger ones to level 0.
    package var smallLogBytes = 1 << 20
    /// Background threads do the flushing; without them, whoever needs room does it, which makes a test deterministic.
    package var hasBackgroundThreads = true
    /// How much of the past is kept: for a new file, and from the opening on for another; `nil` for what the file says.
    package var retention: Retention?
    /// Milliseconds since 1970; `nil` for the system's clock. Tests let it jump.
    package var wallClock: (@Sendable () -> UInt64)?
    /// Where what happens is told; `nil` for nowhere.
    package var events: EventQueue?
    /// For tests of what finds them.
    package var seededFaults: SeededFaults = []

    package init() {}
}
