/// Decides when writers must wait for the background to catch up: a pure function of what is waiting to be flushed.
///
/// Writers are slowed first, so that the flush gets processor time and the queue's end is reached gently; they are
/// stopped only when there is no memtable left to write into, or the log would outgrow its bound.
package enum WriteStall {
    /// Why a writer waits.
    package enum Reason: String, Sendable, CaseIterable {
        /// As many memtables as are allowed wait to be flushed.
        case memtables
        /// Level 0 has so many tables that reads suffer.
        case levelZero
        /// The live part of the log has reached twice the memtable size.
        case log
    }

    /// What a writer does before its commit.
    package enum Decision: Equatable, Sendable {
        case proceed
        case slow(microseconds: Int, Reason)
        case stop(Reason)
    }

    /// What the decision depends on.
    package struct Pressure: Sendable {
        /// Memtables that wait to be flushed, and how many may.
        package var frozenMemtables: Int
        package var maximumFrozenMemtables: Int
        /// How full the active memtable is, from 0 to 1.
        package var activeFill: Double
        /// Whether this write needs a new memtable.
        package var needsNewMemtable: Bool
        package var liveLogBytes: Int
        package var memtableBytes: Int
        /// Tables in level 0, and from how many on writers are slowed and stopped.
        package var levelZeroTables: Int
        package var levelZeroSlow: Int
        package var levelZeroStop: Int

        package init(
            frozenMemtables: Int, maximumFrozenMemtables: Int, activeFill: Double, needsNewMemtable: Bool,
            liveLogBytes: Int, memtableBytes: Int, levelZeroTables: Int = 0, levelZeroSlow: Int = .max,
            levelZeroStop: Int = .max
        ) {
            self.levelZeroTables = levelZeroTables
            self.levelZeroSlow = levelZeroSlow
            self.levelZeroStop = levelZeroStop
            self.frozenMemtables = frozenMemtables
            self.maximumFrozenMemtables = maximumFrozenMemtables
            self.activeFill = activeFill
            self.needsNewMemtable = needsNewMemtable
            self.liveLogBytes = liveLogBytes
            self.memtableBytes = memtableBytes
        }
    }

    /// The longest delay of one commit group while writers are only slowed.
    package static let longestDelayMicroseconds = 1_000

    /// A log that holds this many times the memtable size stops writers; an empty backlog never does, since nothing
    /// would ever shorten the log then.
    package static let logFactor = 2

    package static func decide(_ pressure: Pressure) -> Decision {
        if pressure.needsNewMemtable, pressure.levelZeroTables >= pressure.levelZeroStop { return .stop(.levelZero) }
        // A long level 0 slows writers, but what stops them is asked first: memtables and the log have their bounds.
        let backlog = decideOnBacklog(pressure)
        guard pressure.levelZeroTables >= pressure.levelZeroSlow else { return backlog }
        let excess = Double(pressure.levelZeroTables - pressure.levelZeroSlow + 1)
        let share = excess / Double(max(pressure.levelZeroStop - pressure.levelZeroSlow, 1))
        // Squared: the first steps cost writers little, and mostly suffice; the last one comes near to a stop.
        let delay = delay(share * share)
        switch backlog {
        case .stop: return backlog
        case .slow(let microseconds, _) where microseconds >= delay: return backlog
        case .slow, .proceed: return .slow(microseconds: delay, .levelZero)
        }
    }

    private static func decideOnBacklog(_ pressure: Pressure) -> Decision {
        guard pressure.frozenMemtables > 0 else { return .proceed }
        if pressure.needsNewMemtable, pressure.frozenMemtables >= pressure.maximumFrozenMemtables {
            return .stop(.memtables)
        }
        let logLimit = logFactor * pressure.memtableBytes
        if pressure.liveLogBytes >= logLimit { return .stop(.log) }
        if pressure.frozenMemtables >= pressure.maximumFrozenMemtables, pressure.activeFill > 0.5 {
            return .slow(microseconds: delay((pressure.activeFill - 0.5) * 2), .memtables)
        }
        let logFill = Double(pressure.liveLogBytes) / Double(logLimit)
        if logFill > 0.9 { return .slow(microseconds: delay((logFill - 0.9) * 10), .log) }
        return .proceed
    }

    private static func delay(_ urgency: Double) -> Int {
        max(1, Int(min(urgency, 1) * Double(longestDelayMicroseconds)))
    }
}
