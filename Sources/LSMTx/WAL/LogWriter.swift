internal import Synchronization

/// Appends groups of commits to the log.
///
/// A group is written in two steps, so that the writes and syncs of several groups can be in flight at once:
///
/// 1. ``prepare(payloadBytes:startsOnNewSector:durable:fill:)`` gives the group its place, chains its checksums and
///    lays out its bytes. Calls are serialised by the caller. All that can fail for want of space fails here, before
///    anything has changed.
/// 2. ``perform(_:durably:)`` writes the bytes, on any thread, in any order. A failure here leaves the log's end
///    unknown: the caller accepts no further commits.
///
/// The caller keeps two promises, on which recovery rests:
///
/// - *Sectors* (R6). Once a sync on which an acknowledgement rests may have begun since the last `prepare`, or the
///   last write is one that is performed durably, the next one starts on a new sector. A write that was prepared
///   without that has returned before such a sync begins. Then no sector with acknowledged bytes is written again.
/// - *Evidence* (R7). `durable` is the end of some earlier write, and the log is durable up to it: by a sync that
///   began after that write and all before it had returned.
///
/// Rejected: a group that does not fit into a segment moving to the next one whole. It saves no write, since the
/// segment's last record has to be written too, and wastes up to a group per segment.
package final class LogWriter: @unchecked Sendable {
    // @unchecked: `cursor` is only touched by `prepare` and what the caller serialises with it.

    /// The place of the next record.
    private struct Cursor {
        var segment: LogSegment
        var offset: Int
        var previousChecksum: UInt64
        /// The place comes from a replay: what the sector holds before it may be synced.
        var isAfterReplay: Bool
        /// Past this offset it is time to make spares: at once in a segment that was a spare itself, so that there are as
        /// many as before; from the first quarter on in a log's first one, as many a store is closed before it needs another.
        var spareMark: Int

        init(
            _ segment: LogSegment, offset: Int, previousChecksum: UInt64, isAfterReplay: Bool = false,
            isFirst: Bool = false
        ) {
            self.segment = segment
            self.offset = offset
            self.previousChecksum = previousChecksum
            self.isAfterReplay = isAfterReplay
            spareMark = isFirst ? segment.length / 4 : 0
        }

        var lsn: LogSequenceNumber { segment.base.advanced(by: offset) }
    }

    private let device: any StorageDevice
    private let chain: LogSegmentChain
    private let seed: UInt64
    private let pool = LogBufferPool()
    private let cursor: UnsafeMutablePointer<Cursor>
    // Written by the one thread that prepares, read by any.
    private let endLSN: Atomic<UInt64>
    private let startLSN: Atomic<UInt64>
    private let groups = Atomic<UInt64>(0)
    private let payloadBytes = Atomic<UInt64>(0)
    private let awaitedSegments = Atomic<UInt64>(0)

    /// How many extents are kept for reuse at most, unless told otherwise: enough for the log of one memtable.
    package static let defaultMaximumSpares = 64

    private init(
        file: StoreFile, live: [LogSegment], start: LogSequenceNumber, at place: Cursor, maximumSpares: Int,
        site: @escaping @Sendable () -> LogSite
    ) {
        device = file.lanes.commits
        seed = file.identity.seed
        chain = LogSegmentChain(file: file, live: live, maximumSpares: maximumSpares, site: site)
        cursor = .allocate(capacity: 1)
        cursor.initialize(to: place)
        endLSN = Atomic(place.lsn.rawValue)
        startLSN = Atomic(start.rawValue)
    }

    deinit {
        cursor.deinitialize(count: 1)
        cursor.deallocate()
    }

    /// Begins a log in a new extent at the lowest place, durably: for a new file, and after a crash.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - earlier: The replay of the log that this one follows. Its segments stay the caller's, until
    ///     ``retire(_:lastNamedIn:)``.
    ///   - maximumSpares: How many extents are kept for reuse at most.
    ///   - site: Asked whenever a segment is made, on the thread that needs it.
    /// - Throws: `diskFull`, with nothing taken; else the device's error.
    package convenience init(
        creatingIn file: StoreFile, following earlier: LogReplay? = nil,
        maximumSpares: Int = LogWriter.defaultMaximumSpares, site: @escaping @Sendable () -> LogSite
    ) throws(StoreError) {
        precondition(
            file.extentBytes >= LogStart.minimumSegmentBytes && file.extentBytes <= LogStart.maximumSegmentBytes)
        let segment = try LogSegmentChain.makeFirst(
            in: file,
            // Survivors of a crash are written to it at once.
            bytes: earlier == nil ? LogSegmentChain.firstSegmentBytes(in: file) : file.extentBytes,
            number: (earlier?.lastSegment.number ?? 0) + 1, after: earlier?.nextBase ?? .zero,
            born: site().generation)
        let cursor = Cursor(segment, offset: LogFormat.sectorBytes, previousChecksum: 0, isFirst: true)
        self.init(
            file: file, live: [segment], start: cursor.lsn, at: cursor, maximumSpares: maximumSpares, site: site)
    }

    /// Goes on where `replay` ended: only after a clean close, whose end the replay has reached exactly. After a
    /// crash, records beyond the end may be whole, and the log goes on in a new extent.
    ///
    /// - Throws: `corrupt` when the log does not end where its last group does, as it does after a clean close.
    package convenience init(
        resuming replay: LogReplay, in file: StoreFile, maximumSpares: Int = LogWriter.defaultMaximumSpares,
        site: @escaping @Sendable () -> LogSite
    ) throws(StoreError) {
        guard replay.lastSegment.contains(replay.end.lsn) else {
            throw .corrupt(
                "The log goes on behind its end.", structure: "log", offset: replay.lastSegment.range.offset)
        }
        let cursor = Cursor(
            replay.lastSegment, offset: Int(replay.end.lsn.rawValue - replay.lastSegment.base.rawValue),
            previousChecksum: replay.end.previousChecksum, isAfterReplay: true, isFirst: true)
        self.init(
            file: file, live: replay.segments, start: replay.start.position.lsn, at: cursor,
            maximumSpares: maximumSpares, site: site)
    }

    // MARK: Writing

    /// Makes sure that the segments which a group of this size can need are there: the next ``prepare`` of at most
    /// this payload cannot fail for want of space. Serialised with it by the caller.
    ///
    /// - Throws: `diskFull`, with nothing changed; else the device's error.
    @inline(__always)
    package func reserve(payloadBytes count: Int) throws(StoreError) {
        let place = cursor.pointee
        let end = LogFormat.nextSector(place.offset) + LogFormat.recordHeaderBytes + LogFormat.aligned(count)
        if end > place.segment.dataEnd { try reserveSegments(payloadBytes: count) }
    }

    /// Payload that a segment holds when it begins with a fragment.
    private var nextFragmentBytes: Int {
        chain.segmentBytes - LogFormat.sectorBytes - LogFormat.segmentTailBytes - LogFormat.recordHeaderBytes
    }

    @inline(never)
    private func reserveSegments(payloadBytes count: Int) throws(StoreError) {
        let needed = count / nextFragmentBytes + 1
        let missing = needed - chain.counts.ready
        guard missing > 0 else { return }
        awaitedSegments.store(awaitedSegments.load(ordering: .relaxed) &+ UInt64(missing), ordering: .relaxed)
        try chain.makeReady(target: needed)
    }

    /// Gives a group its place in the log and lays out its bytes.
    ///
    /// - Parameters:
    ///   - payloadBytes: Exactly as many as `fill` appends.
    ///   - startsOnNewSector: See the promises above.
    ///   - durable: How far the log is known to be durable.
    ///   - fill: Appends the payload.
    /// - Throws: `diskFull`, with nothing changed, when a further segment is needed and there is no space for it;
    ///   `io` when making one fails in another way.
    @inline(__always)
    package func prepare(
        payloadBytes count: Int, startsOnNewSector: Bool, durable: LogSequenceNumber,
        fill: (inout LogPayload) -> Void
    ) throws(StoreError) -> LogWrite {
        let place = cursor.pointee
        let offset = startsOnNewSector || place.isAfterReplay ? LogFormat.nextSector(place.offset) : place.offset
        let recordBytes = LogFormat.recordHeaderBytes + LogFormat.aligned(count)
        guard offset + recordBytes <= place.segment.dataEnd else {
            let layout = try layOut(count, from: offset)
            var payload = payload(of: layout)
            fill(&payload)
            precondition(payload.remaining == 0, "a log payload is shorter than it was said to be")
            return seal(layout, durable: durable)
        }
        let start = place.segment.base.advanced(by: offset)
        precondition(durable <= start, "unwritten bytes cannot be durable")
        let buffer = pool.take(capacity: recordBytes)
        let record = buffer.bytes
        // Covers the padding; the payload overwrites the rest, or the header does.
        record.storeBytes(of: 0, toByteOffset: recordBytes - 8, as: UInt64.self)
        var payload = LogPayload(
            target: record + LogFormat.recordHeaderBytes, room: count, nextRoom: 0, count: count)
        fill(&payload)
        precondition(payload.remaining == 0, "a log payload is shorter than it was said to be")
        let checksum = LogRecordHeader.seal(
            record, seed: seed, epoch: place.segment.epoch, lsn: start.rawValue,
            previousChecksum: place.previousChecksum, durable: durable.rawValue, payloadBytes: count, kind: .group,
            flags: 0)
        cursor.pointee.offset = offset + recordBytes
        cursor.pointee.previousChecksum = checksum
        cursor.pointee.isAfterReplay = false
        let end = start.advanced(by: recordBytes)
        account(end: end, payload: count)
        return LogWrite(
            buffer: buffer,
            first: .init(fileOffset: place.segment.range.offset + UInt64(offset), start: 0, count: recordBytes),
            rest: nil, restCount: 0, start: start, end: end)
    }

    @inline(__always)
    private func account(end: LogSequenceNumber, payload: Int) {
        endLSN.store(end.rawValue, ordering: .releasing)
        groups.store(groups.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        payloadBytes.store(payloadBytes.load(ordering: .relaxed) &+ UInt64(payload), ordering: .relaxed)
    }

    /// Writes a prepared group.
    ///
    /// - Parameter durably: Asks for its bytes to be durable on return. It says nothing about the groups before it.
    /// - Returns: Whether they are. A group that crosses into another segment is only written: the caller syncs.
    /// - Throws: The device's error. It is unknown what was written.
    @discardableResult
    package func perform(_ write: consuming LogWrite, durably: Bool) throws(StoreError) -> Bool {
        let isDurable = durably && write.pieceCount == 1
        for index in 0..<write.pieceCount {
            let piece = write.piece(index)
            if isDurable {
                try device.writeDurably(piece.bytes, at: piece.fileOffset)
            } else {
                try device.write(piece.bytes, at: piece.fileOffset)
            }
        }
        pool.giveBack(write.takeBuffer())
        return isDurable
    }

    // MARK: Crossing into further segments

    /// A group that ends the present segment. In the buffer, its pieces follow each other: fragment, end of the segment
    /// and its copy, next fragment, ...
    private struct Layout {
        let buffer: LogBuffer
        /// The segments it touches, the present one first.
        let segments: [LogSegment]
        /// Where it begins in the first of them.
        let offset: Int
        let count: Int
        /// Payload in the present segment: none when there is so little room that it is not worth a header.
        let firstFragment: Int
        let nextFragment: Int
        /// Bytes of the buffer in front of the payload's first byte.
        let payloadStart: Int
    }

    @inline(never)
    private func layOut(_ count: Int, from offset: Int) throws(StoreError) -> Layout {
        let current = cursor.pointee.segment
        let head = LogFormat.recordHeaderBytes
        let room = current.dataEnd - offset - head
        let firstFragment = room >= LogFormat.minimumFragmentBytes ? room : 0
        let nextFragment = nextFragmentBytes
        let further = max((count - firstFragment + nextFragment - 1) / nextFragment, 1)
        let waits = max(further - chain.counts.ready, 0)
        awaitedSegments.store(awaitedSegments.load(ordering: .relaxed) &+ UInt64(waits), ordering: .relaxed)
        let segments = try chain.take(further)
        let firstPiece = current.copyOffset + LogFormat.segmentEndBytes - offset
        let payloadStart = head + (firstFragment > 0 ? 0 : firstPiece)
        let bytes =
            firstPiece + head + LogFormat.aligned(count - firstFragment)
            + (further - 1) * LogPayload.bytesBetweenFragments
        return Layout(
            buffer: pool.take(capacity: bytes), segments: [current] + segments, offset: offset, count: count,
            firstFragment: firstFragment, nextFragment: nextFragment, payloadStart: payloadStart)
    }

    private func payload(of layout: Layout) -> LogPayload {
        LogPayload(
            target: layout.buffer.bytes + layout.payloadStart,
            room: layout.firstFragment > 0 ? layout.firstFragment : min(layout.count, layout.nextFragment),
            nextRoom: layout.nextFragment, count: layout.count)
    }

    @inline(never)
    private func seal(_ layout: Layout, durable: LogSequenceNumber) -> LogWrite {
        let last = layout.segments.count - 1
        let pieces = UnsafeMutablePointer<LogWrite.Piece>.allocate(capacity: last)
        var first = LogWrite.Piece(fileOffset: 0, start: 0, count: 0)
        var checksum = cursor.pointee.previousChecksum
        var left = layout.count
        var used = 0
        var offset = layout.offset
        var start: LogSequenceNumber?
        for (index, segment) in layout.segments.enumerated() {
            let piece = layout.buffer.bytes + used
            let pieceOffset = offset
            func record(at offset: Int) -> UnsafeMutableRawPointer { piece + (offset - pieceOffset) }
            precondition(durable <= segment.base.advanced(by: offset), "unwritten bytes cannot be durable")
            let fragment = index == 0 ? layout.firstFragment : min(left, layout.nextFragment)
            if fragment > 0 || index == last {
                left -= fragment
                start = start ?? segment.base.advanced(by: offset)
                let end = offset + LogFormat.recordHeaderBytes + LogFormat.aligned(fragment)
                let padding = LogFormat.aligned(fragment) - fragment
                record(at: end - padding).initializeMemory(as: UInt8.self, repeating: 0, count: padding)
                checksum = LogRecordHeader.seal(
                    record(at: offset), seed: seed, epoch: segment.epoch,
                    lsn: segment.base.advanced(by: offset).rawValue, previousChecksum: checksum,
                    durable: durable.rawValue, payloadBytes: fragment, kind: .group,
                    flags: index == last ? 0 : LogFormat.continues)
                offset = end
            }
            if index < last {
                record(at: offset).initializeMemory(
                    as: UInt8.self, repeating: 0, count: segment.copyOffset - offset)
                let previous = checksum
                for place in [segment.copyOffset, offset] {
                    checksum = LogRecordHeader.sealSegmentEnd(
                        record(at: place), seed: seed, epoch: segment.epoch,
                        lsn: segment.base.advanced(by: place).rawValue, previousChecksum: previous,
                        durable: durable.rawValue, next: layout.segments[index + 1])
                }
                offset = segment.copyOffset + LogFormat.segmentEndBytes
            }
            let written = LogWrite.Piece(
                fileOffset: segment.range.offset + UInt64(pieceOffset), start: used, count: offset - pieceOffset)
            used += written.count
            if index == 0 { first = written } else { (pieces + index - 1).initialize(to: written) }
            if index < last { offset = LogFormat.sectorBytes }
        }
        cursor.pointee = Cursor(layout.segments[last], offset: offset, previousChecksum: checksum)
        let end = cursor.pointee.lsn
        account(end: end, payload: layout.count)
        return LogWrite(
            buffer: layout.buffer, first: first, rest: pieces, restCount: last, start: start ?? end, end: end)
    }

    // MARK: Segments

    /// Whether it is time to make spares off the commit path; true once for each segment. Serialised with `prepare`.
    @inline(__always)
    package func takeNeedOfSpares() -> Bool {
        guard cursor.pointee.offset > cursor.pointee.spareMark else { return false }
        cursor.pointee.spareMark = .max
        return true
    }

    /// Makes segments off the commit path until `target` are ready for use.
    package func prepareSpares(target: Int) throws(StoreError) {
        try chain.makeReady(target: target)
    }

    // MARK: Truncation

    /// The boundary after the last prepared group. Serialised with `prepare` by the caller.
    package var position: LogPosition {
        LogPosition(lsn: cursor.pointee.lsn, previousChecksum: cursor.pointee.previousChecksum)
    }

    /// The boundary after the last prepared group, from any thread.
    package var end: LogSequenceNumber { LogSequenceNumber(rawValue: endLSN.load(ordering: .acquiring)) }

    /// Bytes from the log's start to its end.
    package var liveBytes: UInt64 {
        let start = startLSN.load(ordering: .acquiring)
        let end = endLSN.load(ordering: .acquiring)
        return end > start ? end - start : 0
    }

    /// Truncation, first step: what the superblock must say for replay to start at `position`. Changes nothing.
    ///
    /// - Parameter position: What ``position`` said at some time since the last truncation. Every write before it has
    ///   returned, or it would land in a segment that is used for something else.
    package func start(at position: LogPosition) -> LogStart {
        guard let segment = chain.live(holding: position.lsn) else {
            preconditionFailure("the log was truncated past \(position.lsn)")
        }
        return LogStart(segment: segment.range, epoch: segment.epoch, position: position)
    }

    /// Truncation, second step, once a superblock with `start` is durable: the segments before it are no longer
    /// part of the log. They are kept as they are, since the older slot may name them (R4).
    ///
    /// - Parameter generation: The last published state that named an earlier start.
    package func truncate(to start: LogStart, lastNamedIn generation: Generation) {
        chain.retire(before: start.segment, lastNamedIn: generation)
        startLSN.store(start.position.lsn.rawValue, ordering: .releasing)
    }

    /// Hands over the segments of the log that this one follows, once a superblock that names this one is durable.
    ///
    /// - Parameter generation: The last published state that named them.
    package func retire(_ segments: [LogSegment], lastNamedIn generation: Generation) {
        chain.retire(segments, lastNamedIn: generation)
    }

    /// Truncation, third step: what was last named before `oldestSlot`, the older of the two slots' generations,
    /// becomes spare. What is over the limit goes back to the file.
    package func recycle(oldestSlot: Generation) {
        chain.recycle(oldestSlot: oldestSlot)
    }

    // MARK: A clean close

    /// A clean close: gives the spares back, so that their space can be used. Nothing is prepared any more.
    package func releaseSpares() { chain.releaseSpares() }

    /// A clean close, first step: moves the empty log to the lowest place that is free and returns its start, which both
    /// slots must name before the second step.
    ///
    /// The caller has truncated to ``position`` and has had both slots say so, and nothing is prepared any more. The
    /// log moves there with a fresh epoch, and its spares are given back; when no place is lower, it stays where it is, at its present
    /// end, since the slots name that segment's header.
    package func moveToLowest(born generation: Generation) throws(StoreError) -> LogStart {
        if let segment = try chain.moveToLowest(born: generation) {
            cursor.pointee = Cursor(segment, offset: LogFormat.sectorBytes, previousChecksum: 0)
            endLSN.store(cursor.pointee.lsn.rawValue, ordering: .releasing)
        }
        let segment = cursor.pointee.segment
        return LogStart(segment: segment.range, epoch: segment.epoch, position: position)
    }

    /// A clean close, second step: gives every extent but the last one back to the file.
    ///
    /// - Parameter generation: The last published state that named the log's former place.
    package func releaseOthers(lastNamedIn generation: Generation) {
        chain.releaseOthers(lastNamedIn: generation)
        startLSN.store(cursor.pointee.lsn.rawValue, ordering: .releasing)
    }

    // MARK: What there is

    /// Every extent that the log owns: live, retired and spare.
    package var extents: [FileRange] { chain.extents }

    package var statistics: LogStatistics {
        let counts = chain.counts
        return LogStatistics(
            groups: groups.load(ordering: .relaxed), payloadBytes: payloadBytes.load(ordering: .relaxed),
            liveBytes: liveBytes, liveSegments: counts.live, readySegments: counts.ready,
            blankSegments: counts.blank, retiredSegments: counts.retired, segmentsMade: counts.made,
            segmentsRecycled: counts.recycled, segmentsAwaited: awaitedSegments.load(ordering: .relaxed))
    }
}
