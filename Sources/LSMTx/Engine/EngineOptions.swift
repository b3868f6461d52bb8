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
    /// Frozen memtables that may wait for their flush beside the active one.
    package var maximumFrozenMemtables = 2
    /// Survivors of a crash below this size go to a fresh log, larger ones to level 0.
    package var smallLogBytes = 1 << 20
    /// Background threads do the flushing; without them, whoever needs room does it, which makes a test deterministic.
    package var hasBackgroundThreads = true

    package init() {}
}
