/// When tables are compacted, and into what.
package struct CompactionOptions: Sendable {
    /// So many tables in level 0 are merged into level 1.
    package var levelZeroTables = 4
    /// How much larger each level is than the one above it.
    package var levelRatio: UInt64 = 10
    /// What level 1 may hold before there is a level 2, and the least that any level may: four memtables, about what
    /// level 0 brings at once.
    package var baseBytes: UInt64 = 256 << 20
    /// How many levels there may be, level 0 among them. The last one has no limit.
    package var maximumLevels = 7
    /// A table is ended at the first key after this many bytes. Small enough that a step of compaction is short and
    /// takes little extra space, large enough that a level has few tables.
    package var targetTableBytes: UInt64 = 32 << 20
    /// How much input is merged between two pauses for more urgent work.
    package var pauseBytes = 256 << 10
    /// A compaction is split into two parts if each of them reads at least so much; `nil` for never.
    package var partBytes: UInt64?
    /// How the new tables are built.
    package var table = TableOptions()

    package init() {}
}
