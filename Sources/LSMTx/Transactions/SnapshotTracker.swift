internal import Synchronization

/// Knows the timestamps that open snapshots and transactions read at, so that what they can see is kept.
///
/// Opening and closing is one atomic operation on a cell that nobody else uses at the moment. Cells lie in rows of one
/// cache line; a thread starts looking in a row of its own choice, so threads seldom meet.
///
/// Why a reader cannot lose its versions between choosing its timestamp and announcing it:
/// 1. The reader stores the timestamp in its cell, then loads the floor; both sequentially consistent.
/// 2. A collector stores a new floor, then scans the cells.
/// 3. Either the collector sees the cell and keeps the versions, or the reader sees the floor, finds its timestamp
///    below it, and retries with a newer one.
package final class SnapshotTracker: Sendable {
    /// Names the cell of an open snapshot.
    package struct Ticket: Sendable {
        fileprivate let cell: Int
    }

    private static let rows = 64
    private static let cellsPerRow = 8

    /// A free cell holds zero; an open snapshot's holds its timestamp plus one.
    private let cells: Cells
    /// Snapshots that found every cell taken, by ticket.
    private let overflow = Guarded(Overflow())
    private let floor = Atomic<UInt64>(0)

    private struct Overflow {
        var timestamps: [Int: Timestamp] = [:]
        var nextTicket = rows * cellsPerRow
    }

    /// The cells' memory, on cache line borders.
    private struct Cells: @unchecked Sendable {
        // @unchecked: only atomics are stored there, and the memory lives as long as the tracker.
        let base: UnsafeMutablePointer<Atomic<UInt64>>
    }

    package init() {
        let count = Self.rows * Self.cellsPerRow
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count * 8, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: count * 8)
        cells = Cells(base: memory.assumingMemoryBound(to: Atomic<UInt64>.self))
    }

    deinit { UnsafeMutableRawPointer(cells.base).deallocate() }

    /// Announces a reader at the timestamp that `published` returns.
    ///
    /// - Parameters:
    ///   - hint: Where to start looking for a free cell: anything that differs between threads.
    ///   - published: Gives the newest published timestamp.
    package func open(
        hint: UInt, published: () -> Timestamp
    ) -> (ticket: Ticket, timestamp: Timestamp) {
        let count = Self.rows * Self.cellsPerRow
        let start = Int(truncatingIfNeeded: hint % UInt(Self.rows)) * Self.cellsPerRow
        var probe = 0
        while probe < count {
            let cell = (start + probe) % count
            probe += 1
            var timestamp = published()
            let taken = cells.base[cell].compareExchange(
                expected: 0, desired: timestamp.rawValue + 1, ordering: .sequentiallyConsistent)
            guard taken.exchanged else { continue }
            while floor.load(ordering: .sequentiallyConsistent) > timestamp.rawValue {
                timestamp = published()
                cells.base[cell].store(timestamp.rawValue + 1, ordering: .sequentiallyConsistent)
            }
            return (Ticket(cell: cell), timestamp)
        }
        // The floor is only raised with this lock held, so it cannot pass the timestamp in between.
        return overflow.withLock { overflow in
            let timestamp = published()
            let ticket = overflow.nextTicket
            overflow.nextTicket += 1
            overflow.timestamps[ticket] = timestamp
            return (Ticket(cell: ticket), timestamp)
        }
    }

    /// Ends a reader. Its timestamp no longer keeps anything.
    ///
    /// Sequentially consistent, so that whoever looks for readers afterwards does not find it, or else the caller finds
    /// what that one stored before it looked.
    package func close(_ ticket: Ticket) {
        if ticket.cell < Self.rows * Self.cellsPerRow {
            cells.base[ticket.cell].store(0, ordering: .sequentiallyConsistent)
        } else {
            overflow.withLock { _ = $0.timestamps.removeValue(forKey: ticket.cell) }
        }
    }

    /// Tells readers that open from now on to read at `newFloor` or later, and says what those read at that are open.
    package func announce(floor newFloor: Timestamp) -> [Timestamp] {
        overflow.withLock { _ in
            let known = floor.load(ordering: .sequentiallyConsistent)
            floor.store(max(known, newFloor.rawValue), ordering: .sequentiallyConsistent)
        }
        return openTimestamps
    }

    /// The timestamps of all open readers, in order, without repetition.
    package var openTimestamps: [Timestamp] {
        var found: Set<Timestamp> = overflow.withLock { Set($0.timestamps.values) }
        for cell in 0..<Self.rows * Self.cellsPerRow {
            let value = cells.base[cell].load(ordering: .sequentiallyConsistent)
            if value != 0 { found.insert(Timestamp(rawValue: value - 1)) }
        }
        return found.sorted()
    }
}
