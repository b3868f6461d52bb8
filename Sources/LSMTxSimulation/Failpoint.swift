/// A place that a store passes, and what happens there the next time.
package struct Failpoint: Sendable, Hashable {
    /// What a store is doing. One thread steps it, and says so, so that the engine needs to know of none of this.
    package enum Activity: String, Sendable, CaseIterable {
        case commit = "wal"
        case flush, compaction, recovery, close
    }

    /// A kind of call during an activity.
    package enum Place: String, Sendable, CaseIterable {
        case logAppend = "wal.append"
        case logSync = "wal.sync"
        case flushWrite = "flush.write"
        case flushSync = "flush.sync"
        case compactionWrite = "compaction.write"
        case compactionSync = "compaction.sync"
        case recoveryWrite = "recovery.write"
        case recoverySync = "recovery.sync"
        case closeWrite = "close.write"
        case closeSync = "close.sync"
        /// During whichever activity.
        case superblockWrite = "superblock.write"

        /// The place of writes, or of syncs, during an activity.
        static func of(_ activity: Activity, isSync: Bool) -> Place {
            switch activity {
            case .commit: isSync ? .logSync : .logAppend
            case .flush: isSync ? .flushSync : .flushWrite
            case .compaction: isSync ? .compactionSync : .compactionWrite
            case .recovery: isSync ? .recoverySync : .recoveryWrite
            case .close: isSync ? .closeSync : .closeWrite
            }
        }

        /// Whether there are bytes that can be torn, or have no room.
        package var isWrite: Bool {
            switch self {
            case .logSync, .flushSync, .compactionSync, .recoverySync, .closeSync: false
            case .logAppend, .flushWrite, .compactionWrite, .recoveryWrite, .closeWrite, .superblockWrite: true
            }
        }
    }

    /// What happens.
    package enum Action: String, Sendable, CaseIterable {
        /// The device reports an error. Of a write nothing was written; after a sync nobody knows what is durable.
        case fail
        /// Half is written, and nothing works any more until the power is back.
        case torn
        /// The device is full.
        case full
    }

    package let place: Place
    package let action: Action

    /// A failpoint; `nil` if that cannot happen there.
    package init?(_ place: Place, _ action: Action) {
        guard place.isWrite || action == .fail else { return nil }
        self.place = place
        self.action = action
    }
}
