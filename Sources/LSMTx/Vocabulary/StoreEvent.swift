/// Something that the store has done by itself or that has happened to it, for logs and metrics: see
/// ``Configuration/onEvent``.
///
/// The description of an event is one line for a log. What is worth a warning says so by ``isProblem``:
///
/// ```swift
/// var configuration = Configuration()
/// configuration.onEvent = { event in
///     print(event.isProblem ? "warning" : "info", event)
/// }
/// let database = try Database(path: "app.lsmtx", configuration: configuration)
/// ```
///
/// For metrics, look at the cases:
///
/// ```swift
/// let record: @Sendable (StoreEvent) -> Void = { event in
///     switch event {
///     case .compacted(let work): print("lsmtx_compaction_bytes_total", work.bytesIn, work.bytesOut)
///     case .stallEnded(let reason, let duration): print("lsmtx_stall_seconds", reason, duration)
///     default: break
///     }
/// }
/// ```
@nonexhaustive public enum StoreEvent: Sendable, Equatable {
    /// The store was opened.
    case opened(Opening)
    /// What was committed to memory has become a table.
    case flushed(Flush)
    /// Tables were merged, or moved to the next level.
    case compacted(Compaction)
    /// Commits wait until the store has caught up with what was written.
    case stallBegan(StallReason)
    /// They go on.
    case stallEnded(StallReason, Duration)
    /// The file's size is another than when it was last looked at, which is after each flush and compaction.
    case fileSizeChanged(from: UInt64, to: UInt64)
    /// A flush or a compaction found no space. It is tried again each second, and commits go on as long as there is
    /// place in memory and in the log.
    case outOfSpace(StoreError)
    /// A compaction could not read a table, and leaves it alone from now on: see ``DamagedTable``.
    case tableDamaged(StoreError)
    /// A write or a sync failed: no commit is accepted until the store is opened again. Every acknowledged commit is
    /// safe.
    case failed(StoreError)
    /// So many events were not delivered, since their receiver took too long for those before.
    case dropped(Int)
    /// The store was closed, with what kept it from being left clean. It is the last event.
    case closed(StoreError?)

    /// What an opening found.
    public struct Opening: Sendable, Hashable {
        /// Whether it was closed before, so that there was nothing to recover.
        public let wasClosed: Bool
        /// Groups of commits that were recovered from the log.
        public let recoveredGroups: Int
        /// Their bytes.
        public let recoveredBytes: UInt64
        /// Tables in the file.
        public let tables: Int
        /// How long the opening took.
        public let duration: Duration

        package init(
            wasClosed: Bool, recoveredGroups: Int, recoveredBytes: UInt64, tables: Int, duration: Duration
        ) {
            self.wasClosed = wasClosed
            self.recoveredGroups = recoveredGroups
            self.recoveredBytes = recoveredBytes
            self.tables = tables
            self.duration = duration
        }
    }

    /// What a flush did.
    public struct Flush: Sendable, Hashable {
        /// Entries of the table: versions of keys.
        public let entries: UInt64
        /// Bytes of the table.
        public let bytes: UInt64
        /// How long it took.
        public let duration: Duration

        package init(entries: UInt64, bytes: UInt64, duration: Duration) {
            self.entries = entries
            self.bytes = bytes
            self.duration = duration
        }
    }

    /// What a compaction did.
    public struct Compaction: Sendable, Hashable {
        /// The uppermost level that a table was taken from.
        public let fromLevel: Int
        /// The level that the new tables are in.
        public let intoLevel: Int
        /// Tables that it replaced, and those that replace them.
        public let tablesIn: Int, tablesOut: Int
        /// Bytes of both; nothing for a table that was moved as it is.
        public let bytesIn: UInt64, bytesOut: UInt64
        /// Versions and deletions that nobody can read any more, and that it dropped.
        public let droppedEntries: UInt64
        /// How long it took.
        public let duration: Duration

        package init(
            fromLevel: Int, intoLevel: Int, tablesIn: Int, tablesOut: Int, bytesIn: UInt64, bytesOut: UInt64,
            droppedEntries: UInt64, duration: Duration
        ) {
            self.fromLevel = fromLevel
            self.intoLevel = intoLevel
            self.tablesIn = tablesIn
            self.tablesOut = tablesOut
            self.bytesIn = bytesIn
            self.bytesOut = bytesOut
            self.droppedEntries = droppedEntries
            self.duration = duration
        }
    }

    /// What commits wait for.
    @nonexhaustive public enum StallReason: String, Sendable, CaseIterable {
        /// A flush: no further memtable may wait for one.
        case memtables
        /// A compaction: level 0 has so many tables that reads suffer.
        case levelZero
        /// A flush: the log has reached its bound.
        case log
    }

    /// Whether somebody should look at it: the store cannot do, or has not done, what it should.
    public var isProblem: Bool {
        switch self {
        case .outOfSpace, .tableDamaged, .failed, .dropped: true
        case .closed(let error): error != nil
        case .opened, .flushed, .compacted, .stallBegan, .stallEnded, .fileSizeChanged: false
        }
    }
}

extension StoreEvent: CustomStringConvertible {
    /// The event in one line.
    public var description: String {
        switch self {
        case .opened(let opening) where opening.wasClosed:
            "opened in \(opening.duration): \(opening.tables) tables"
        case .opened(let opening):
            "opened in \(opening.duration): \(opening.tables) tables, \(opening.recoveredGroups) groups of commits of "
                + "\(opening.recoveredBytes) bytes recovered from the log"
        case .flushed(let flush):
            "flushed \(flush.entries) entries to a table of \(flush.bytes) bytes in \(flush.duration)"
        case .compacted(let work):
            "compacted \(work.tablesIn) tables of level \(work.fromLevel) and below, \(work.bytesIn) bytes, into "
                + "\(work.tablesOut) of level \(work.intoLevel), \(work.bytesOut) bytes, dropping "
                + "\(work.droppedEntries) entries, in \(work.duration)"
        case .stallBegan(let reason): "commits wait because of \(reason.rawValue)"
        case .stallEnded(let reason, let duration): "commits waited \(duration) because of \(reason.rawValue)"
        case .fileSizeChanged(let before, let now): "the file went from \(before) to \(now) bytes"
        case .outOfSpace(let error): "no space for a flush or a compaction: \(error)"
        case .tableDamaged(let error): "a table is damaged: \(error)"
        case .failed(let error): "no commits are accepted any more: \(error)"
        case .dropped(let count): "\(count) events were not delivered"
        case .closed(nil): "closed"
        case .closed(let error?): "closed, with a failure: \(error)"
        }
    }
}
