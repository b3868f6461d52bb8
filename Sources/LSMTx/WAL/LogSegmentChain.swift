/// What a new segment needs to know of the rest of the store.
package struct LogSite: Sendable {
    /// New segments lie here or above, so that tables can take the low space and a close can cut the tail.
    package let floor: UInt64
    /// The newest published generation.
    package let generation: Generation
    package init(floor: UInt64, generation: Generation) {
        self.floor = floor
        self.generation = generation
    }
}

/// The extents of the log, through their lives:
///
///     new, zero-written -> ready -> live -> retired -> blank -> ready -> ...
///
/// 1. *Ready*: has a header for its place in the sequence, durably. Ready segments are used in order, so that the
///    header can be written long before the segment is needed.
/// 2. *Live*: named by the record that ends the segment before it, or by the log's start.
/// 3. *Retired*: the log now starts after it, but a superblock slot may still name it (R4): it is not touched.
/// 4. *Blank*: no slot names it any more. Its old records stay in it; they are of another epoch. It is not zeroed:
///    its blocks have been written once, and that is all that a fast sync asks for.
///
/// Only one thread makes segments at a time, outside the lock; others that need some wait for it.
final class LogSegmentChain: Sendable {
    private struct Retired {
        let segment: LogSegment
        let generation: Generation
    }

    private struct State {
        /// Never empty; in order.
        var live: [LogSegment]
        var ready: [LogSegment] = []
        var blank: [FileRange] = []
        var retired: [Retired] = []
        var isMaking = false
        /// What the thread that makes segments has, so that the integrity check finds an owner of it.
        var making: [FileRange] = []
        var made = 0
        var recycled = 0

        /// The last of the ready segments that were given back at a close.
        var lastGivenBack: LogSegment?

        /// The segment after which the next one that is made comes. It is after every place that was ever planned, so
        /// that no header of a segment that was given back can be taken for another one's.
        var lastPlanned: LogSegment { ready.last ?? lastGivenBack ?? live[live.count - 1] }
    }

    private struct Order {
        var after: LogSegment
        var count: Int
        var blanks: [FileRange]
    }

    private let file: StoreFile
    private let maximumSpares: Int
    private let site: @Sendable () -> LogSite
    private let state: Guarded<State>

    init(file: StoreFile, live: [LogSegment], maximumSpares: Int, site: @escaping @Sendable () -> LogSite) {
        precondition(!live.isEmpty)
        self.file = file
        self.maximumSpares = maximumSpares
        self.site = site
        state = Guarded(State(live: live))
    }

    /// The length of every segment that is made but the first of a file and of a closed one.
    var segmentBytes: Int { Int(ExtentAllocator.wholePages(file.extentBytes)) }

    /// The length of the first segment of a new file, and of the one that a close leaves: opening reads all of it from the
    /// medium, in search of what a crash may have left. 1 MiB made opening take twice as long.
    static func firstSegmentBytes(in file: StoreFile) -> UInt64 { min(file.extentBytes, 128 << 10) }

    // MARK: Making segments

    /// Makes `count` segments live, which follow the present last one, and returns them.
    ///
    /// - Throws: `diskFull` and nothing has changed, when space for them is lacking; else the device's error.
    func take(_ count: Int) throws(StoreError) -> [LogSegment] {
        while true {
            let taken = state.withLock { state -> [LogSegment]? in
                guard state.ready.count >= count else { return nil }
                let taken = Array(state.ready.prefix(count))
                state.ready.removeFirst(count)
                state.live += taken
                return taken
            }
            if let taken { return taken }
            try makeReady(target: count)
        }
    }

    /// Goes on until `target` segments are ready.
    func makeReady(target: Int) throws(StoreError) {
        let order = state.wait { state -> Order? in
            guard !state.isMaking else { return nil }
            let count = max(target - state.ready.count, 0)
            guard count > 0 else { return Order(after: state.lastPlanned, count: 0, blanks: []) }
            state.isMaking = true
            // The lowest first, so that the tail of the file has a chance to become free.
            state.blank.sort { $0.offset < $1.offset }
            let blanks = Array(state.blank.prefix(count))
            state.blank.removeFirst(blanks.count)
            state.making = blanks
            return Order(after: state.lastPlanned, count: count, blanks: blanks)
        }
        guard let order, order.count > 0 else { return }
        do {
            let segments = try make(order)
            state.withLock { state in
                state.ready += segments
                state.made += order.count - order.blanks.count
                state.recycled += order.blanks.count
                state.making = []
                state.isMaking = false
            }
            state.notifyAll()
        } catch {
            state.withLock { state in
                state.blank += order.blanks
                state.making = []
                state.isMaking = false
            }
            state.notifyAll()
            throw error
        }
    }

    private func make(_ order: Order) throws(StoreError) -> [LogSegment] {
        let site = site()
        var fresh: [FileRange] = []
        do {
            var segments: [LogSegment] = []
            var previous = order.after
            for index in 0..<order.count {
                let range: FileRange
                if index < order.blanks.count {
                    range = order.blanks[index]
                } else {
                    range = try file.allocateExtent(bytes: file.extentBytes, placement: .atOrAbove(site.floor))
                    fresh.append(range)
                    state.withLock { $0.making.append(range) }
                    try Self.fillWithZeros(range, in: file)
                }
                let segment = LogSegment(
                    range: range, epoch: Self.randomEpoch(), number: previous.number + 1, base: previous.nextBase)
                try Self.writeHeader(of: segment, in: file, born: site.generation)
                segments.append(segment)
                previous = segment
            }
            try Self.sync(file)
            return segments
        } catch {
            state.withLock { $0.making = order.blanks }
            file.allocator.releaseUnpublished(fresh)
            throw error
        }
    }

    /// Takes the first segment of a log, at the lowest place, and makes it durable.
    static func makeFirst(
        in file: StoreFile, bytes: UInt64, number: UInt64, after lsn: LogSequenceNumber, born: Generation
    ) throws(StoreError) -> LogSegment {
        let sector = UInt64(LogFormat.sectorBytes)
        let base = LogSequenceNumber(rawValue: (lsn.rawValue + sector - 1) / sector * sector)
        let range = try file.allocateExtent(bytes: bytes)
        do {
            let segment = LogSegment(range: range, epoch: randomEpoch(), number: number, base: base)
            try fillWithZeros(range, in: file)
            try writeHeader(of: segment, in: file, born: born)
            try sync(file)
            return segment
        } catch {
            file.allocator.releaseUnpublished(range)
            throw error
        }
    }

    private static func randomEpoch() -> UInt64 { UInt64.random(in: 1 ... .max) }

    private static func fillWithZeros(_ range: FileRange, in file: StoreFile) throws(StoreError) {
        // Rejected: blocks that are only reserved. The first write to each, one durable commit in eight, changes
        // metadata too: 90th percentile 347 us against 127 us. Small writes also matter for what follows: after writes
        // of 1 MiB, small overwrites cost 2.4 times as much.
        let zeros = UnsafeMutableRawBufferPointer.allocate(byteCount: StoreFile.backgroundWriteBytes, alignment: 4096)
        defer { zeros.deallocate() }
        zeros.initializeMemory(as: UInt8.self, repeating: 0)
        var offset = range.offset
        while offset < range.end {
            let count = Int(min(UInt64(zeros.count), range.end - offset))
            try file.writeInBackground(
                UnsafeRawBufferPointer(rebasing: zeros[..<count]), at: offset, through: file.lanes.segments)
            offset += UInt64(count)
        }
    }

    private static func writeHeader(
        of segment: LogSegment, in file: StoreFile, born: Generation
    ) throws(StoreError) {
        let sector = UnsafeMutableRawBufferPointer.allocate(byteCount: LogFormat.sectorBytes, alignment: 8)
        defer { sector.deallocate() }
        segment.encodeHeader(to: sector, file: file.identity, born: born)
        try file.lanes.segments.write(UnsafeRawBufferPointer(sector), at: segment.range.offset)
    }

    /// A sync that fails for want of space is still a failed sync, after which nothing is known: it must not look
    /// like the clean `diskFull` of a reservation.
    private static func sync(_ file: StoreFile) throws(StoreError) {
        do {
            try file.lanes.segments.sync()
        } catch {
            throw error.afterWriting
        }
    }

    // MARK: Dropping segments

    /// The live segment that holds `lsn`.
    func live(holding lsn: LogSequenceNumber) -> LogSegment? {
        state.withLock { $0.live.first { $0.contains(lsn) } }
    }

    /// Retires the live segments before `first`.
    func retire(before first: FileRange, lastNamedIn generation: Generation) {
        state.withLock { state in
            guard let index = state.live.firstIndex(where: { $0.range == first }) else {
                preconditionFailure("the log's start is not in a live segment")
            }
            for segment in state.live[..<index] {
                state.retired.append(Retired(segment: segment, generation: generation))
            }
            state.live.removeFirst(index)
        }
    }

    /// Retires the segments of an earlier log of the file.
    func retire(_ segments: [LogSegment], lastNamedIn generation: Generation) {
        state.withLock { state in
            state.retired += segments.map { Retired(segment: $0, generation: generation) }
        }
    }

    /// Makes spares of what was last named before `oldestSlot`; surplus goes back to the file.
    func recycle(oldestSlot: Generation) {
        let surplus = state.withLock { state -> [Retired] in
            let dropped = state.retired.filter { $0.generation < oldestSlot }
            state.retired.removeAll { $0.generation < oldestSlot }
            var surplus: [Retired] = []
            for retired in dropped {
                if retired.segment.length == segmentBytes, state.blank.count + state.ready.count < maximumSpares {
                    state.blank.append(retired.segment.range)
                } else {
                    surplus.append(retired)
                }
            }
            return surplus
        }
        for retired in surplus {
            file.allocator.release(retired.segment.range, lastNamedIn: retired.generation)
        }
    }

    // MARK: A clean close

    /// Gives the spares back to the file. No more segments are made but by ``moveToLowest(born:)``.
    func releaseSpares() {
        let spares = state.withLock { state -> [FileRange] in
            precondition(!state.isMaking, "the log is still in use")
            state.lastGivenBack = state.lastPlanned
            let spares = state.blank + state.ready.map(\.range)
            state.blank = []
            state.ready = []
            return spares
        }
        file.allocator.releaseUnpublished(spares)
    }

    /// Makes a segment live at the lowest place that is free, if that is below the only live one, and returns it.
    ///
    /// The live segment's own header cannot be written anew, since the slots name it; it stays what it is when no
    /// place is lower, or there is no space to take one.
    func moveToLowest(born: Generation) throws(StoreError) -> LogSegment? {
        releaseSpares()
        let (current, last) = state.withLock { state -> (LogSegment, LogSegment) in
            precondition(state.live.count == 1, "the log is not empty")
            return (state.live[0], state.lastPlanned)
        }
        guard let lowest = try? file.allocateExtent(bytes: Self.firstSegmentBytes(in: file)) else { return nil }
        guard lowest.offset < current.range.offset else {
            file.allocator.releaseUnpublished(lowest)
            return nil
        }
        let segment = LogSegment(
            range: lowest, epoch: Self.randomEpoch(), number: last.number + 1, base: last.nextBase)
        do throws(StoreError) {
            try Self.fillWithZeros(lowest, in: file)
            try Self.writeHeader(of: segment, in: file, born: born)
            try Self.sync(file)
        } catch {
            file.allocator.releaseUnpublished(lowest)
            throw error
        }
        state.withLock { $0.live.append(segment) }
        return segment
    }

    /// Gives every extent but the last live one back to the file.
    func releaseOthers(lastNamedIn generation: Generation) {
        let (spares, named) = state.withLock { state -> ([FileRange], [Retired]) in
            let spares = state.blank + state.ready.map(\.range)
            var named = state.retired
            for segment in state.live.dropLast() {
                named.append(Retired(segment: segment, generation: generation))
            }
            state.live.removeFirst(state.live.count - 1)
            state.blank = []
            state.ready = []
            state.retired = []
            return (spares, named)
        }
        file.allocator.releaseUnpublished(spares)
        for retired in named {
            file.allocator.release(retired.segment.range, lastNamedIn: retired.generation)
        }
    }

    // MARK: What there is

    struct Counts {
        let live, ready, blank, retired, made, recycled: Int
    }

    var counts: Counts {
        state.withLock { state in
            Counts(
                live: state.live.count, ready: state.ready.count, blank: state.blank.count,
                retired: state.retired.count, made: state.made, recycled: state.recycled)
        }
    }

    /// Every extent that the log owns.
    var extents: [FileRange] {
        state.withLock { state in
            state.live.map(\.range) + state.ready.map(\.range) + state.blank + state.making
                + state.retired.map(\.segment.range)
        }
    }
}
