/// Announces a floor to readers and says who they are, calling `readNames` between the two.
///
/// A type around the closure, which alone must not be the value of a generic box: each access there puts a layer of
/// conversion around it that stays, and all of them are gone through on the stack at each call.
package struct ReaderAnnouncement: Sendable {
    package let announce: @Sendable (_ floor: Timestamp, _ readNames: () -> Void) -> OpenReaders

    package init(_ announce: @escaping @Sendable (_ floor: Timestamp, _ readNames: () -> Void) -> OpenReaders) {
        self.announce = announce
    }
}

/// Who reads when a compaction begins.
package struct OpenReaders: Sendable {
    /// The floor that was announced: whoever begins to read later reads at or above it, or at a named snapshot.
    package let floor: Timestamp
    /// What open snapshots and transactions read at, ascending.
    package let timestamps: [Timestamp]
    /// When the oldest open read-write transaction began; `nil` when none is open.
    package let oldestWriter: Timestamp?

    package init(floor: Timestamp, timestamps: [Timestamp] = [], oldestWriter: Timestamp? = nil) {
        self.floor = floor
        self.timestamps = timestamps
        self.oldestWriter = oldestWriter
    }
}

/// The timestamps at which something may still be read: every one from a floor on, and single ones before it.
package struct ReadPoints: Sendable {
    /// Every timestamp from this one on is a read point.
    package let floor: Timestamp
    /// The single ones, ascending, all below the floor.
    package let older: [Timestamp]
    /// When the oldest open read-write transaction began; `nil` when none is open.
    package let oldestWriter: Timestamp?

    /// - Parameters:
    ///   - floor: At or below what is published: whoever begins to read later reads at or above it.
    ///   - older: Named snapshots, and open snapshots and transactions; ascending, all below `floor`.
    package init(floor: Timestamp, older: [Timestamp], oldestWriter: Timestamp?) {
        precondition(zip(older, older.dropFirst()).allSatisfy(<), "older read points come in order")
        precondition(older.last.map { $0 < floor } ?? true, "older read points lie below the floor")
        self.floor = floor
        self.older = older
        self.oldestWriter = oldestWriter
    }

    /// Whether there is a read point from `lower` up to but not including `upper`.
    @inline(__always)
    package func hasPoint(from lower: Timestamp, before upper: Timestamp) -> Bool {
        if upper > floor { return lower < upper }
        return older.isEmpty ? false : hasOlderPoint(from: lower, before: upper)
    }

    private func hasOlderPoint(from lower: Timestamp, before upper: Timestamp) -> Bool {
        var low = 0
        var high = older.count
        while low < high {
            let middle = (low + high) / 2
            if older[middle] < lower { low = middle + 1 } else { high = middle }
        }
        return low < older.count && older[low] < upper
    }
}
