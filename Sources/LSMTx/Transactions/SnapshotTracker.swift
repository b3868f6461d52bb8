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
///
/// Why a reader at a timestamp of its own choice (``open(hint:at:isNamed:)``) cannot lose them either, named snapshots
/// below the floor included:
/// 1. The reader stores the timestamp in its cell, then loads the floor, then, if it is below, looks for a name.
/// 2. A collector stores a new floor, then reads the names, then scans the cells.
/// 3. Not below the floor that it loads: every collector with a higher floor stores it after that, and scans later
///    still, so it sees the cell. Those before it kept the timestamp, which is not below their floors.
/// 4. Below, with a name: a collector that read the names while that one was there kept it; one that read them after
///    the name was dropped scans after the reader looked, and sees the cell. From the moment the name was given,
///    nothing was dropped: whoever gives one holds a reader open until it stands among the names.
/// 5. Below, without a name: the reader gives up.
package final class SnapshotTracker: Sendable {
    /// Names the cell of an open snapshot.
    package struct Ticket: Sendable {
        fileprivate let cell: Int
    }

    private static let rows = 64
    private static let cellsPerRow = 8

    /// A free cell holds zero; a reader's, twice its timestamp plus two, and one more if it writes: see ``Reader``.
    private let cells: Cells
    /// Snapshots that found every cell taken, by ticket.
    private let overflow = Guarded(Overflow())
    private let floor: Atomic<UInt64>
    /// How many threads are looking through the cells for what to keep.
    private let collectors = Atomic<Int>(0)

    private struct Overflow {
        var readers: [Int: Reader] = [:]
        var nextTicket = rows * cellsPerRow

        mutating func add(_ reader: Reader) -> Int {
            defer { nextTicket += 1 }
            readers[nextTicket] = reader
            return nextTicket
        }
    }

    /// The cells' memory, on cache line borders.
    private struct Cells: @unchecked Sendable {
        // @unchecked: only atomics are stored there, and the memory lives as long as the tracker.
        let base: UnsafeMutablePointer<Atomic<UInt64>>
    }

    /// What a cell holds.
    private struct Reader {
        let rawValue: UInt64

        /// Timestamps leave room for two more bits.
        init(_ timestamp: Timestamp, isWriter: Bool) {
            rawValue = (timestamp.rawValue &+ 1) << 1 | (isWriter ? 1 : 0)
        }

        init?(cell: UInt64) {
            guard cell != 0 else { return nil }
            rawValue = cell
        }

        var timestamp: Timestamp { Timestamp(rawValue: rawValue >> 1 - 1) }
        var isWriter: Bool { rawValue & 1 != 0 }
    }

    /// - Parameter floor: What was dropped before: nothing below it can be read without a name.
    package init(floor: Timestamp = .zero) {
        self.floor = Atomic(floor.rawValue)
        let count = Self.rows * Self.cellsPerRow
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count * 8, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: count * 8)
        cells = Cells(base: memory.assumingMemoryBound(to: Atomic<UInt64>.self))
    }

    deinit { UnsafeMutableRawPointer(cells.base).deallocate() }

    /// The floor that readers were told last.
    package var announcedFloor: Timestamp { Timestamp(rawValue: floor.load(ordering: .sequentiallyConsistent)) }

    /// Announces a reader at the timestamp that `published` returns.
    ///
    /// - Parameters:
    ///   - hint: Where to start looking for a free cell: anything that differs between threads.
    ///   - isWriter: Whether it is a transaction that may write.
    ///   - published: Gives the newest published timestamp, which is not below any floor that was announced.
    package func open(
        hint: UInt, isWriter: Bool = false, published: () -> Timestamp
    ) -> (ticket: Ticket, timestamp: Timestamp) {
        var timestamp = published()
        if let cell = takeCell(hint: hint, for: Reader(timestamp, isWriter: isWriter)) {
            while floor.load(ordering: .sequentiallyConsistent) > timestamp.rawValue {
                timestamp = published()
                cells.base[cell].store(
                    Reader(timestamp, isWriter: isWriter).rawValue, ordering: .sequentiallyConsistent)
            }
            return (Ticket(cell: cell), timestamp)
        }
        // The floor is only raised with this lock held, so it cannot pass the timestamp in between.
        return overflow.withLock { overflow in
            timestamp = published()
            return (Ticket(cell: overflow.add(Reader(timestamp, isWriter: isWriter))), timestamp)
        }
    }

    /// Moves a reader to the timestamp that `published` returns: what it saw before is kept for it no longer.
    package func move(_ ticket: Ticket, published: () -> Timestamp) -> Timestamp {
        guard ticket.cell < Self.rows * Self.cellsPerRow else {
            return overflow.withLock { overflow in
                let timestamp = published()
                overflow.readers[ticket.cell] = Reader(timestamp, isWriter: false)
                return timestamp
            }
        }
        var timestamp: Timestamp
        repeat {
            timestamp = published()
            cells.base[ticket.cell].store(
                Reader(timestamp, isWriter: false).rawValue, ordering: .sequentiallyConsistent)
        } while floor.load(ordering: .sequentiallyConsistent) > timestamp.rawValue
        return timestamp
    }

    /// Announces a reader at a timestamp that is published, and not below what was readable a moment ago.
    ///
    /// - Parameter isNamed: Whether a named snapshot has the timestamp now.
    /// - Returns: `nil` when the versions may be gone.
    package func open(hint: UInt, at timestamp: Timestamp, isNamed: () -> Bool) -> Ticket? {
        let reader = Reader(timestamp, isWriter: false)
        let ticket = Ticket(
            cell: takeCell(hint: hint, for: reader) ?? overflow.withLock { $0.add(reader) })
        guard announcedFloor <= timestamp || isNamed() else {
            close(ticket)
            return nil
        }
        return ticket
    }

    /// Stores `reader` in a free cell.
    @inline(__always)
    private func takeCell(hint: UInt, for reader: Reader) -> Int? {
        let count = Self.rows * Self.cellsPerRow
        let start = Int(truncatingIfNeeded: hint % UInt(Self.rows)) * Self.cellsPerRow
        var probe = 0
        while probe < count {
            let cell = (start + probe) % count
            probe += 1
            let taken = cells.base[cell].compareExchange(
                expected: 0, desired: reader.rawValue, ordering: .sequentiallyConsistent)
            if taken.exchanged { return cell }
        }
        return nil
    }

    /// Announces one more reader at the timestamp of one that is open: an iterator, which may outlive its snapshot.
    ///
    /// The caller looks afterwards whether the other one is still open, and if not, closes the new one and gives up.
    /// If it is, no collector can have missed both: one that began after this call had stored the timestamp sees it,
    /// and every earlier one had ended before the other reader was closed.
    package func share(_ timestamp: Timestamp, hint: UInt) -> Ticket {
        let reader = Reader(timestamp, isWriter: false)
        let shared = Ticket(cell: takeCell(hint: hint, for: reader) ?? overflow.withLock { $0.add(reader) })
        while collectors.load(ordering: .sequentiallyConsistent) > 0 { SystemClock.sleep(microseconds: 1) }
        return shared
    }

    /// Ends a reader. Its timestamp no longer keeps anything.
    ///
    /// Sequentially consistent, so that whoever looks for readers afterwards does not find it, or else the caller finds
    /// what that one stored before it looked.
    package func close(_ ticket: Ticket) {
        if ticket.cell < Self.rows * Self.cellsPerRow {
            cells.base[ticket.cell].store(0, ordering: .sequentiallyConsistent)
        } else {
            overflow.withLock { _ = $0.readers.removeValue(forKey: ticket.cell) }
        }
    }

    /// Tells readers that open from now on to read at `newFloor` or later, and says what those read at that are open.
    ///
    /// - Parameter readNames: Called between the two: whoever collects reads the names of snapshots there.
    package func announce(floor newFloor: Timestamp, readNames: () -> Void = {}) -> OpenReaders {
        let announced = overflow.withLock { _ in
            let known = floor.load(ordering: .sequentiallyConsistent)
            let announced = max(known, newFloor.rawValue)
            floor.store(announced, ordering: .sequentiallyConsistent)
            return Timestamp(rawValue: announced)
        }
        collectors.add(1, ordering: .sequentiallyConsistent)
        defer { collectors.subtract(1, ordering: .sequentiallyConsistent) }
        readNames()
        let readers = openReaders
        return OpenReaders(
            floor: announced, timestamps: Self.timestamps(of: readers),
            oldestWriter: readers.lazy.filter(\.isWriter).map(\.timestamp).min())
    }

    /// The timestamps of all open readers, in order, without repetition.
    package var openTimestamps: [Timestamp] { Self.timestamps(of: openReaders) }

    private static func timestamps(of readers: [Reader]) -> [Timestamp] { Set(readers.map(\.timestamp)).sorted() }

    private var openReaders: [Reader] {
        var found = overflow.withLock { Array($0.readers.values) }
        for cell in 0..<Self.rows * Self.cellsPerRow {
            if let reader = Reader(cell: cells.base[cell].load(ordering: .sequentiallyConsistent)) {
                found.append(reader)
            }
        }
        return found
    }
}
