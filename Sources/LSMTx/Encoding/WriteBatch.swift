/// The mutations of one transaction in the order they were made, in the form in which the log stores them.
///
/// Each operation is: kind (1 byte), key length (varint), value length (varint, not for tombstones), key, value. A
/// range tombstone has its lower bound for a key and its upper bound for a value, empty when there is none. Building the
/// batch in its stored form makes logging a commit one copy.
package struct WriteBatch: ~Copyable {
    private var memory: UnsafeMutableRawPointer
    private var capacity: Int
    /// Whether `memory` is the batch's own, to be freed.
    private var ownsMemory: Bool
    /// Bytes of operations.
    package private(set) var byteCount = 0
    /// Number of operations.
    package private(set) var count = 0

    package init(capacity: Int = 512) {
        self.capacity = capacity
        memory = .allocate(byteCount: capacity, alignment: 8)
        ownsMemory = true
    }

    /// Begins in memory that stays the caller's and lives as long as the batch; a larger batch moves out of it.
    package init(lent memory: UnsafeMutableRawBufferPointer) {
        capacity = memory.count
        self.memory = memory.baseAddress.unsafelyUnwrapped
        ownsMemory = false
    }

    deinit { if ownsMemory { memory.deallocate() } }

    /// The operations, lent until the batch changes or ends.
    package var bytes: BorrowedBytes { BorrowedBytes(base: memory, count: byteCount) }

    package var isEmpty: Bool { count == 0 }

    /// The operations, for who writes over parts of keys and values in place, lent as ``bytes`` are.
    package var mutableBytes: UnsafeMutableRawPointer { memory }

    /// - Parameter kind: Of `value`: the value itself, or the reference of a large one.
    package mutating func put(key: BorrowedBytes, value: BorrowedBytes, kind: EntryKind = .value) {
        precondition(key.count <= Limits.maximumKeyBytes && value.count <= Limits.maximumValueBytes)
        append(kind, key, value)
    }

    /// Deletes what is from `lower` up to but not including `upper`; with an empty `upper` there is no end.
    package mutating func deleteRange(from lower: BorrowedBytes, upTo upper: BorrowedBytes) {
        precondition(lower.count <= Limits.maximumKeyBytes && upper.count <= Limits.maximumKeyBytes)
        append(.rangeTombstone, lower, upper)
    }

    @inline(__always)
    private mutating func append(_ kind: EntryKind, _ key: BorrowedBytes, _ value: BorrowedBytes) {
        reserve(1 + 2 * Varint.maximumBytes + key.count + value.count)
        var target = memory + byteCount
        target.storeBytes(of: kind.rawValue, as: UInt8.self)
        target += 1
        target += Varint.write(UInt64(key.count), to: target)
        target += Varint.write(UInt64(value.count), to: target)
        target.copyMemory(from: key.base, byteCount: key.count)
        target += key.count
        target.copyMemory(from: value.base, byteCount: value.count)
        byteCount = target + value.count - memory
        count += 1
    }

    package mutating func delete(key: BorrowedBytes) {
        precondition(key.count <= Limits.maximumKeyBytes)
        reserve(1 + Varint.maximumBytes + key.count)
        var target = memory + byteCount
        target.storeBytes(of: EntryKind.tombstone.rawValue, as: UInt8.self)
        target += 1
        target += Varint.write(UInt64(key.count), to: target)
        target.copyMemory(from: key.base, byteCount: key.count)
        byteCount = target + key.count - memory
        count += 1
    }

    /// Copies `count` whole operations of another batch.
    package mutating func append(operations: BorrowedBytes, count: Int) {
        reserve(operations.count)
        (memory + byteCount).copyMemory(from: operations.base, byteCount: operations.count)
        byteCount += operations.count
        self.count += count
    }

    /// Forgets the operations from the byte `byteCount` on, where one begins, of which there are `count` before.
    package mutating func truncate(to byteCount: Int, count: Int) {
        precondition(byteCount <= self.byteCount && count <= self.count)
        self.byteCount = byteCount
        self.count = count
    }

    /// Makes a plain value of the large one whose operation begins at `offset`, so that nothing names its extent any
    /// more. A later operation of the batch has the same key and hides the value, which is what the reference was.
    package mutating func eraseLargeValue(at offset: Int) {
        precondition(memory.load(fromByteOffset: offset, as: UInt8.self) == EntryKind.largeValue.rawValue)
        memory.storeBytes(of: EntryKind.value.rawValue, toByteOffset: offset, as: UInt8.self)
    }

    /// Forgets all operations and keeps the memory, unless it grew beyond what is worth keeping.
    package mutating func removeAll(keepingAtMost limit: Int = 64 << 10) {
        byteCount = 0
        count = 0
        guard capacity > limit else { return }
        if ownsMemory { memory.deallocate() }
        capacity = 512
        memory = .allocate(byteCount: capacity, alignment: 8)
        ownsMemory = true
    }

    private mutating func reserve(_ bytes: Int) {
        guard byteCount + bytes > capacity else { return }
        let grown = max(capacity * 2, byteCount + bytes)
        let target = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: 8)
        target.copyMemory(from: memory, byteCount: byteCount)
        if ownsMemory { memory.deallocate() }
        memory = target
        capacity = grown
        ownsMemory = true
    }
}

/// One operation of a batch, lent for as long as the batch's bytes are.
package struct WriteOperation {
    package let kind: EntryKind
    /// The lower bound of a range tombstone.
    package let key: BorrowedBytes
    /// Empty for a tombstone; of a large value, its reference; the upper bound of a range tombstone, empty when it has no
    /// end.
    package let value: BorrowedBytes

    @inline(__always)
    package init(kind: EntryKind, key: BorrowedBytes, value: BorrowedBytes) {
        self.kind = kind
        self.key = key
        self.value = value
    }

    /// The upper bound of a range tombstone; `nil` when it has no end.
    package var upperBound: BorrowedBytes? { value.count > 0 ? value : nil }

    /// What a range tombstone of this timestamp deletes.
    package func rangeTombstone(at timestamp: Timestamp) -> RangeTombstone {
        RangeTombstone(lower: key.array, upper: upperBound?.array, timestamp: timestamp)
    }
}

/// Walks operations that are known to be well-formed: a batch of this process, or bytes that
/// ``WriteOperations/validate(_:count:structure:fileOffset:)`` has passed.
package struct WriteOperations {
    private var position: UnsafeRawPointer
    private let end: UnsafeRawPointer

    @inline(__always)
    package init(verified bytes: BorrowedBytes) {
        position = bytes.base
        end = bytes.base + bytes.count
    }

    @inline(__always)
    package mutating func next() -> WriteOperation? {
        guard position < end else { return nil }
        let kind = EntryKind(verified: position.load(as: UInt8.self))
        position += 1
        let keyCount = Int(Varint.read(&position))
        let valueCount = kind == .tombstone ? 0 : Int(Varint.read(&position))
        let key = BorrowedBytes(base: position, count: keyCount)
        let value = BorrowedBytes(base: position + keyCount, count: valueCount)
        position += keyCount + valueCount
        return WriteOperation(kind: kind, key: key, value: value)
    }

    /// Checks that `bytes` are exactly `count` well-formed operations within the limits.
    package static func validate(
        _ bytes: BorrowedBytes, count: Int, structure: String, fileOffset: UInt64
    ) throws(StoreError) {
        var reader = ByteReader(bytes, structure: structure, fileOffset: fileOffset)
        for _ in 0..<count {
            guard let kind = EntryKind(rawValue: try reader.uint8()) else {
                throw reader.fail("An operation is of no known kind.")
            }
            let keyCount = try reader.varint()
            let valueCount = kind != .tombstone ? try reader.varint() : 0
            let valueLimit = kind == .rangeTombstone ? Limits.maximumKeyBytes : Limits.maximumValueBytes
            guard keyCount <= UInt64(Limits.maximumKeyBytes), valueCount <= UInt64(valueLimit) else {
                throw reader.fail("A key or value is over its limit.")
            }
            let key = try reader.bytes(Int(keyCount))
            let value = try reader.bytes(Int(valueCount))
            if kind == .rangeTombstone, value.count > 0, KeyOrder.compare(key, value) >= 0 {
                throw reader.fail("A range ends before it begins.")
            }
            guard kind != .largeValue || LargeValueReference(value) != nil else {
                throw reader.fail("A reference to a large value is out of range.")
            }
        }
        try reader.expectEnd()
    }
}
