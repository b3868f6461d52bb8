/// What a replay found.
package struct LogReplay: Sendable {
    /// Where it began.
    package let start: LogStart
    /// The boundary after the last whole group, where the log ends.
    package let end: LogPosition
    /// The log's segments in order, as far as they were followed. Never empty. They own their extents.
    package let segments: [LogSegment]
    /// How far the log was known to be durable by the newest group in it; never above `end`.
    package let durable: LogSequenceNumber
    /// Whole groups found.
    package let groups: Int
    /// Their payload.
    package let payloadBytes: UInt64
    /// Where the last of them begins.
    package let lastGroup: LogSequenceNumber?

    package var lastSegment: LogSegment { segments[segments.count - 1] }

    /// After every number in the log's segments. A lost group may have had higher ones, in segments that nothing leads
    /// to any more; their epochs keep its records from being taken for new ones.
    package var nextBase: LogSequenceNumber { lastSegment.nextBase }
}

/// A segment in memory.
struct LoadedSegment: ~Copyable {
    let segment: LogSegment
    private let memory: UnsafeMutableRawBufferPointer

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory) }

    /// Reads the segment that a superblock or the segment before it names.
    ///
    /// - Returns: `nil` when what lies there is not that segment.
    /// - Throws: The device's error, when it cannot be read.
    init?(
        at range: FileRange, epoch: UInt64, following previous: LogSegment?, device: any StorageDevice,
        identity: FileIdentity
    ) throws(StoreError) {
        // The length comes from the file, and has been held against it before any memory is taken.
        guard LogStart.isPlausible(segment: range), range.end <= (try device.length()) else { return nil }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(range.length), alignment: 4096)
        do {
            guard try device.read(into: memory, at: range.offset) == memory.count,
                let segment = LogSegment(
                    header: UnsafeRawBufferPointer(memory), file: identity, range: range, epoch: epoch),
                previous == nil || segment.number == previous!.number + 1 && segment.base == previous!.nextBase
            else {
                memory.deallocate()
                return nil
            }
            self.segment = segment
            self.memory = memory
        } catch {
            memory.deallocate()
            throw error
        }
    }

    deinit { memory.deallocate() }

    /// Reads it again, for what may have been written in the meantime.
    func reload(from device: any StorageDevice) throws(StoreError) {
        _ = try device.read(into: memory, at: segment.range.offset)
    }
}

/// A group that lies in fragments, put together.
struct FragmentedPayload: ~Copyable {
    private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 8)
    private(set) var count = 0
    /// Where its first fragment lies; `nil` while there is none.
    private(set) var start: LogSequenceNumber?

    deinit { memory.deallocate() }

    /// Lent until the next change.
    var bytes: BorrowedBytes { BorrowedBytes(UnsafeRawBufferPointer(rebasing: memory[..<count])) }

    mutating func append(_ fragment: BorrowedBytes, at lsn: LogSequenceNumber) {
        if start == nil { start = lsn }
        if memory.count - count < fragment.count {
            let grown = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(2 * memory.count, count + fragment.count), alignment: 8)
            grown.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<count]))
            memory.deallocate()
            memory = grown
        }
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: fragment.buffer)
        count += fragment.count
    }

    mutating func removeAll() {
        count = 0
        start = nil
    }
}
