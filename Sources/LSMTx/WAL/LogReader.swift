/// Replays the log: finds its whole groups in order, and tells a torn tail from damage.
///
/// 1. A record belongs to the log when it is whole (place, epoch, checksum) and carries the checksum of the record
///    before it. It lies where that one ends, or at the next sector boundary, since the first write after a sync
///    begins on a new sector.
/// 2. A record that ends a segment leads to the next one, whose header was durable before it was named: if that
///    header does not match, the file is damaged.
/// 3. A group in fragments counts when its last fragment is there.
/// 4. Where no record follows, at L, the log ends: either nothing was written there, or what was is torn, which is
///    legitimate only for bytes that were never synced. So the rest of the segment is searched, and the segments
///    that follow, for whole records of the same epoch that say that the log was durable beyond L when they were
///    written. One of them proves that acknowledged bytes are gone, which is reported and never passed over (R7).
///    The way to the next segment is there twice, so that damage to it does not hide what follows.
///    The limit: damage to the last group looks like a torn tail, unless a clean close has recorded the end.
///
/// A reading process may replay while the log is being written. What it reads of a segment is then not of one
/// moment, so before a proof of damage is believed, the segment is read again. A segment that is recycled meanwhile
/// looks like damage: the caller takes the start from the superblock again.
package struct LogReader {
    private let device: any StorageDevice
    private let identity: FileIdentity
    private let seed: UInt64
    private let maximumPayloadBytes: Int

    /// - Parameters:
    ///   - device: The file's device. It is only read.
    ///   - identity: The file's identity.
    ///   - maximumPayloadBytes: A longer group is damage; bounds the memory for groups in fragments.
    package init(device: any StorageDevice, identity: FileIdentity, maximumPayloadBytes: Int = 1 << 32) {
        self.device = device
        self.identity = identity
        self.maximumPayloadBytes = maximumPayloadBytes
        seed = identity.seed
    }

    private static func damage(_ message: String, at offset: UInt64) -> StoreError {
        .corrupt(message, structure: "log", offset: offset)
    }

    /// Why the first segment is not there. Most often somebody has cut the file off, as an interrupted copy does.
    private func missingSegment(at range: FileRange) throws(StoreError) -> StoreError {
        let length = try device.length()
        guard LogStart.isPlausible(segment: range), range.end > length else {
            return Self.damage("The log's first segment is not what the superblock says.", at: range.offset)
        }
        return Self.damage(
            "The file ends at \(length), within its log or before it: it was cut off.", at: range.offset)
    }

    /// Replays the log from `start`.
    ///
    /// - Parameters:
    ///   - start: What the superblock says.
    ///   - mustReach: The end that a clean close recorded.
    ///   - body: Receives each group's place and payload, lent for the call.
    /// - Throws: `corrupt` when bytes that were durable are damaged or missing; `io` when they cannot be read;
    ///   `unsupportedFormat` when a record is of a later kind; what `body` throws.
    package func replay(
        from start: LogStart, mustReach: LogSequenceNumber? = nil,
        _ body: (LogSequenceNumber, BorrowedBytes) throws(StoreError) -> Void
    ) throws(StoreError) -> LogReplay {
        guard
            var loaded = try LoadedSegment(
                at: start.segment, epoch: start.epoch, following: nil, device: device, identity: identity)
        else { throw try missingSegment(at: start.segment) }
        let first = start.position.lsn.rawValue
        let base = loaded.segment.base.rawValue
        guard first % 8 == 0, first >= base + UInt64(LogFormat.sectorBytes),
            first - base <= UInt64(loaded.segment.dataEnd)
        else { throw Self.damage("The log's start is outside of its first segment.", at: start.segment.offset) }

        var offset = Int(first - base)
        var previous = start.position.previousChecksum
        var end = start.position
        var segments = [loaded.segment]
        var visited: Set<UInt64> = [start.segment.offset]
        var fragments = FragmentedPayload()
        var durable = LogSequenceNumber.zero
        var groups = 0
        var payloadBytes: UInt64 = 0
        var lastGroup: LogSequenceNumber?
        var reloadedAt: Int?

        while true {
            guard let (at, record) = next(in: loaded, from: offset, after: previous) else {
                let stop = loaded.segment.base.advanced(by: offset)
                guard let proof = try proofOfLoss(at: stop, offset: offset, in: loaded) else { break }
                guard reloadedAt == offset else {
                    reloadedAt = offset
                    try loaded.reload(from: device)
                    continue
                }
                throw Self.damage(
                    "The log is damaged at \(stop): the record at \(proof) was written when more was durable.",
                    at: loaded.segment.range.offset + UInt64(offset))
            }
            let lsn = loaded.segment.base.advanced(by: at)
            let fileOffset = loaded.segment.range.offset + UInt64(at)
            offset = record.end
            previous = record.checksum
            guard record.durable <= lsn else {
                throw Self.damage("A log record claims that what follows it was durable.", at: fileOffset)
            }
            guard (record.kind == .segmentEnd ? at : offset) <= loaded.segment.dataEnd else {
                throw Self.damage("A log record lies where none can.", at: fileOffset)
            }
            durable = max(durable, record.durable)
            switch record.kind {
            case nil:
                throw StoreError(
                    .unsupportedFormat, "The log holds a record of a kind that this version does not know.",
                    remedy: "Open the file with the version that wrote it, and close it there.",
                    at: .init(offset: fileOffset, structure: "log"))
            case .group:
                var group = (start: lsn, payload: record.payload)
                if record.continues || fragments.start != nil {
                    guard record.payload.count <= maximumPayloadBytes - fragments.count else {
                        throw Self.damage("A group in the log is over the limit.", at: fileOffset)
                    }
                    fragments.append(record.payload, at: lsn)
                    if record.continues { continue }
                    group = (fragments.start!, fragments.bytes)
                }
                lastGroup = group.start
                payloadBytes += UInt64(group.payload.count)
                try body(group.start, group.payload)
                fragments.removeAll()
                groups += 1
                end = LogPosition(lsn: loaded.segment.base.advanced(by: offset), previousChecksum: previous)
            case .segmentEnd:
                let link = try Self.link(record, fileOffset: fileOffset)
                guard visited.insert(link.range.offset).inserted,
                    let next = try LoadedSegment(
                        at: link.range, epoch: link.epoch, following: loaded.segment, device: device,
                        identity: identity)
                else {
                    throw Self.damage("A segment of the log is not what the one before it says.", at: link.range.offset)
                }
                loaded = next
                segments.append(loaded.segment)
                offset = LogFormat.sectorBytes
                reloadedAt = nil
            }
        }
        let known = max(durable, mustReach ?? .zero)
        guard known <= end.lsn else {
            throw Self.damage(
                "The log ends at \(end.lsn), but was durable up to \(known).",
                at: loaded.segment.range.offset + UInt64(offset))
        }
        return LogReplay(
            start: start, end: end, segments: segments, durable: durable, groups: groups, payloadBytes: payloadBytes,
            lastGroup: lastGroup)
    }

    /// The record that follows one with the checksum `previous` which ends at `offset`, and where it lies.
    private func next(
        in loaded: borrowing LoadedSegment, from offset: Int, after previous: UInt64
    ) -> (at: Int, record: LogRecord)? {
        record(at: offset, in: loaded, after: previous)
            ?? record(at: LogFormat.nextSector(offset), in: loaded, after: previous)
    }

    private func record(
        at offset: Int, in loaded: borrowing LoadedSegment, after previous: UInt64
    ) -> (at: Int, record: LogRecord)? {
        var hashed = 0
        guard let record = loaded.segment.record(at: offset, in: loaded.bytes, seed: seed, hashed: &hashed),
            record.previousChecksum == previous
        else { return nil }
        return (offset, record)
    }

    private static func link(
        _ record: LogRecord, fileOffset: UInt64
    ) throws(StoreError) -> (range: FileRange, epoch: UInt64) {
        var reader = ByteReader(record.payload, structure: "log", fileOffset: fileOffset)
        let range = FileRange(offset: try reader.uint64(), length: try reader.uint64())
        let epoch = try reader.uint64()
        try reader.expectEnd()
        return (range, epoch)
    }

    // MARK: Torn or damaged

    /// Searches what lies after `stop`, where the log seems to end, for a record that was written when the log was
    /// durable beyond it.
    ///
    /// A segment that a record beyond `stop` leads to may not be there any more: that record need not have been
    /// part of the log when an earlier recovery gave the space to something else. Then the search ends.
    private func proofOfLoss(
        at stop: LogSequenceNumber, offset: Int, in loaded: borrowing LoadedSegment
    ) throws(StoreError) -> LogSequenceNumber? {
        var visited: Set<UInt64> = [loaded.segment.range.offset]
        var found = try search(loaded, from: offset, for: stop)
        var last = loaded.segment
        while true {
            switch found {
            case .proof(let lsn): return lsn
            case .nothing: return nil
            case .next(let range, let epoch):
                guard visited.insert(range.offset).inserted,
                    let next = try LoadedSegment(
                        at: range, epoch: epoch, following: last, device: device, identity: identity)
                else { return nil }
                last = next.segment
                found = try search(next, from: LogFormat.sectorBytes, for: stop)
            }
        }
    }

    private enum Found {
        case proof(LogSequenceNumber)
        case next(FileRange, epoch: UInt64)
        case nothing
    }

    private func search(
        _ loaded: borrowing LoadedSegment, from offset: Int, for stop: LogSequenceNumber
    ) throws(StoreError) -> Found {
        let segment = loaded.segment
        var hashed = 0
        var at = offset
        while at <= segment.length - LogFormat.recordHeaderBytes {
            guard let record = segment.record(at: at, in: loaded.bytes, seed: seed, hashed: &hashed) else {
                // Torn records cover disjoint bytes. A file in which every place looks like one was made to keep
                // the search busy for ever.
                guard hashed <= 8 * segment.length else {
                    throw Self.damage("The end of the log is not what a crash leaves.", at: segment.range.offset)
                }
                at += 8
                continue
            }
            if record.durable > stop { return .proof(segment.base.advanced(by: at)) }
            if record.kind == .segmentEnd,
                let link = try? Self.link(record, fileOffset: segment.range.offset + UInt64(at))
            {
                return .next(link.range, epoch: link.epoch)
            }
            at = record.end
        }
        return .nothing
    }
}
