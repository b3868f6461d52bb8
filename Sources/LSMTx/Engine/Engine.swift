internal import Synchronization

/// The LSM: memtables over tables, with a log beneath, in one file.
///
/// Who may do what:
/// - Any thread reads, through ``withView(_:)`` and ``iterator(at:range:)``, without a lock.
/// - The commit leader, one thread at a time, writes: ``makeRoom(bytes:entries:)``, inserting, and the log.
/// - The background worker, one thread, turns frozen memtables into tables (Engine+Flush) and keeps the levels in
///   shape (Engine+Compaction).
///
/// The view that readers see is one immutable object behind an atomic pointer. It is replaced with `state` locked, so
/// replacements do not overtake each other, and the old one is retired through ``Epoch``.
package final class Engine: Sendable {
    package let file: StoreFile
    package let options: EngineOptions
    package let cache: BlockCache
    package let versions: VersionSet
    let counters = EngineCounters()
    let memtableReserve = MemtableReserve()
    /// When commits happened.
    package let clock: CommitClock
    /// `nil` in a store that is open for reading only.
    package let log: LogWriter?

    /// The newest timestamp that readers may see. Only the commit pipeline moves it, in order.
    let published: Atomic<UInt64>
    /// The newest timestamp that has been given and applied to the memtable.
    let stamped: Atomic<UInt64>

    /// In a store that is open for reading only: the segments of the log that was replayed.
    let replayedSegments: [FileRange]

    let viewPointer: Atomic<UInt>
    /// Copies of what `state` holds, for the commit leader's fast path: the active memtable, which only the leader
    /// replaces, where its log begins, and how many memtables wait to be flushed. Changed with `state` locked.
    let activePointer: Atomic<UInt>
    let activeLogStart: Atomic<UInt64>
    let frozenCount: Atomic<Int>
    let levelZeroCount: Atomic<Int>
    /// Commit leaders that wait until level 0 is shorter: one at most.
    let levelZeroWaiters = Atomic<Int>(0)
    let commitLull = Guarded(CommitLull())
    /// Bytes of large values that have been committed to the active memtable, or nearly so.
    let activeLargeBytes = Atomic<UInt64>(0)
    /// Readers below this keep something that would be worth a compaction without them.
    let newestHindrance = Atomic<UInt64>(0)
    let state: Guarded<EngineState>
    /// What was free, and not given back to the file system, when that was last looked at.
    let lastFree = Guarded(FileRangeSet())
    let poison = Poison()
    /// The file's size when it was last looked at, for who wants to be told of changes.
    let lastFileSize = Atomic<UInt64>(0)
    /// What compactions leave alone.
    let damage = DamagedTables()
    /// Announces a floor to readers and says at which older timestamps some are open. Set by the layer that knows them.
    /// It calls `readNames` between the two (``SnapshotTracker``).
    package let readers = Guarded(
        ReaderAnnouncement { floor, readNames in
            readNames()
            return OpenReaders(floor: floor)
        })

    /// - Parameters:
    ///   - start: What recovery found, or an empty store.
    init(file: StoreFile, options: EngineOptions, cache: BlockCache, versions: VersionSet, start: EngineStart) {
        self.file = file
        self.options = options
        self.cache = cache
        self.versions = versions
        log = start.log
        clock = start.clock
        replayedSegments = start.replayedSegments
        published = Atomic(start.published.rawValue)
        stamped = Atomic(start.stamped.rawValue)
        let state = EngineState(active: start.active, frozen: start.frozen)
        self.state = Guarded(state)
        activePointer = Atomic(UInt(bitPattern: Unmanaged.passUnretained(start.active.memtable).toOpaque()))
        activeLogStart = Atomic(start.active.logPosition.lsn.rawValue)
        frozenCount = Atomic(start.frozen.count)
        levelZeroCount = Atomic(versions.current.levels[0].count)
        let view = ReadView(memtables: state.memtables, version: versions.current)
        viewPointer = Atomic(UInt(bitPattern: Unmanaged.passRetained(view).toOpaque()))
    }

    deinit {
        let pointer = UnsafeRawPointer(bitPattern: viewPointer.load(ordering: .acquiring))
        if let pointer { Unmanaged<ReadView>.fromOpaque(pointer).release() }
    }

    package var publishedTimestamp: Timestamp { Timestamp(rawValue: published.load(ordering: .acquiring)) }

    package var stampedTimestamp: Timestamp { Timestamp(rawValue: stamped.load(ordering: .acquiring)) }
}

/// What an engine begins with.
struct EngineStart {
    let log: LogWriter?
    let clock: CommitClock
    let active: ActiveMemtable
    /// Newest first.
    let frozen: [FrozenMemtable]
    let published: Timestamp
    let stamped: Timestamp
    var replayedSegments: [FileRange] = []
}

/// A memtable and where its first record lies in the log.
struct ActiveMemtable: Sendable {
    let memtable: Memtable
    /// Replay from here rebuilds it; when it is flushed, the log before the next one's place is not needed any more.
    let logPosition: LogPosition
}

/// A memtable that takes no more writes.
struct FrozenMemtable: Sendable {
    let memtable: Memtable
    let logPosition: LogPosition
    /// The newest timestamp in it. It may be flushed once this is published.
    let lastTimestamp: Timestamp
}

/// What the engine changes under its lock.
struct EngineState: Sendable {
    var active: ActiveMemtable
    /// Memtables that wait for their flush, newest first.
    var frozen: [FrozenMemtable]
    /// Set while the last flush could not be done for want of space; writers that must wait for it fail instead.
    var flushFailure: StoreError?
    /// The same of the last compaction, for writers that level 0 has stopped.
    var compactionFailure: StoreError?
    /// Set while damage keeps every table of level 0 where it is: writers whom its length stops fail with this.
    var levelZeroDamage: StoreError?
    /// Whether the levels may call for a compaction: something changed since it was last found that they do not.
    var mayCompact = true
    /// Below which retention floor tables keep much that nothing else needs; `nil` when it hinders nothing, or does not
    /// move by itself.
    var hinderingFloor: Timestamp?
    /// Compactions that were asked for, in order.
    var requests: [CompactionRequest] = []
    /// How many checks want the background worker to begin nothing, and whether it is at something.
    var quietRequests = 0
    var isWorking = false
    /// Tells the background worker to end.
    var isStopping = false

    init(active: ActiveMemtable, frozen: [FrozenMemtable]) {
        self.active = active
        self.frozen = frozen
    }

    /// Newest first.
    var memtables: [Memtable] { [active.memtable] + frozen.map(\.memtable) }
}

/// Remembers the first failure after which no commit may be acknowledged any more.
///
/// The kernel marks pages clean after a failed write-back, so a later successful sync proves nothing about them. Only
/// opening the file again, which reads what really reached the medium, tells what survived.
package final class Poison: Sendable {
    private let isSet = Atomic<Bool>(false)
    private let cause = Guarded(StoreError?.none)

    package init() {}

    package func set(_ error: StoreError) {
        cause.withLock { if $0 == nil { $0 = error } }
        isSet.store(true, ordering: .releasing)
    }

    package var first: StoreError? { isSet.load(ordering: .acquiring) ? cause.withLock { $0 } : nil }

    /// What a commit is refused with since the first failure.
    package var refusal: StoreError? {
        first.map { first in
            StoreError(
                .poisoned, "The store accepts no commits since a write failed: \(first.message)",
                remedy: "Close it and open it again; every acknowledged commit is there. Reading still works.",
                at: first.location, errorNumber: first.errorNumber)
        }
    }

    package func check() throws(StoreError) {
        if let refusal { throw refusal }
    }
}
