/// Collects entries for one data block and lays them out once they are all known, since the common prefix is.
struct DataBlockBuilder: ~Copyable {
    private struct Staged {
        let key: BorrowedBytes
        let value: BorrowedBytes
        let timestamp: UInt64
        let kind: EntryKind
    }

    /// Copies of keys and values. It never moves, so that the staged entries may point into it.
    private let staging: UnsafeMutableRawBufferPointer
    private var staged = 0
    private var entries: [Staged] = []
    private var prefixCount = 0
    private var keyBytes = 0
    private var valueBytes = 0
    private var oldest = UInt64.max
    private(set) var newest = UInt64.zero
    private let target: Int

    /// Long common prefixes are staged whole, but stored once: a block ends after so many times its size even so.
    private static let stagingFactor = 16

    init(target: Int) {
        self.target = target
        staging = .allocate(byteCount: target * Self.stagingFactor, alignment: 16)
        entries.reserveCapacity(256)
    }

    deinit { staging.deallocate() }

    /// Bytes of keys and values that wait.
    var stagedBytes: Int { keyBytes + valueBytes }

    var isEmpty: Bool { entries.isEmpty }

    /// Whether an entry is too large for being staged, and has a block of its own.
    func isOversized(key: BorrowedBytes, value: BorrowedBytes) -> Bool { key.count + value.count > target }

    /// Whether one more entry would make the block larger than it should be.
    func isFull(with key: BorrowedBytes, value: BorrowedBytes) -> Bool {
        guard let first = entries.first else { return false }
        guard staged + key.count + value.count <= staging.count else { return true }
        let prefix = min(prefixCount, KeyOrder.commonPrefixLength(first.key, key))
        let count = entries.count + 1
        // An entry's own bytes besides key and value: slice and offset, less the four key bytes in the slice, and
        // about four of head and timestamp.
        let size =
            DataBlock.headerBytes + 2 + prefix + keyBytes + key.count - count * prefix + valueBytes + value.count
            + count * 6
        return size > target
    }

    mutating func add(key: BorrowedBytes, timestamp: UInt64, kind: EntryKind, value: BorrowedBytes) {
        let key = stage(key)
        append(Staged(key: key, value: stage(value), timestamp: timestamp, kind: kind))
    }

    /// Adds the only entry of a block, whose bytes stay the caller's until the block has been written.
    mutating func addAlone(key: BorrowedBytes, timestamp: UInt64, kind: EntryKind, value: BorrowedBytes) {
        precondition(isEmpty)
        append(Staged(key: key, value: value, timestamp: timestamp, kind: kind))
    }

    private mutating func stage(_ bytes: BorrowedBytes) -> BorrowedBytes {
        let copy = staging.baseAddress! + staged
        copy.copyMemory(from: bytes.base, byteCount: bytes.count)
        staged += bytes.count
        return BorrowedBytes(base: copy, count: bytes.count)
    }

    private mutating func append(_ entry: Staged) {
        if let first = entries.first {
            prefixCount = min(prefixCount, KeyOrder.commonPrefixLength(first.key, entry.key))
        } else {
            prefixCount = entry.key.count
        }
        keyBytes += entry.key.count
        valueBytes += entry.value.count
        oldest = min(oldest, entry.timestamp)
        newest = max(newest, entry.timestamp)
        entries.append(entry)
    }

    /// The last entry's key, lent until the next call that changes the builder.
    var lastKey: BorrowedBytes { entries[entries.count - 1].key }
    var lastTimestamp: UInt64 { entries[entries.count - 1].timestamp }

    /// The payload's exact size.
    var payloadBytes: Int {
        var size = 0
        for entry in entries { size += encodedBytes(entry) }
        let fixed = DataBlock.headerBytes + entries.count * 4 + prefixCount
        let narrow = fixed + (entries.count + 1) * 2 + size
        return narrow <= Int(UInt16.max) ? narrow : fixed + (entries.count + 1) * 4 + size
    }

    private func encodedBytes(_ entry: Staged) -> Int {
        let suffixCount = entry.key.count - prefixCount
        return Varint.size(UInt64(suffixCount) << 2) + Varint.size(entry.timestamp - oldest) + max(suffixCount - 4, 0)
            + entry.value.count
    }

    /// Writes the payload, whose size is `payloadBytes`, and forgets the entries.
    mutating func finish(into target: UnsafeMutableRawPointer, payloadBytes: Int) {
        let count = entries.count
        let width = payloadBytes <= Int(UInt16.max) ? 2 : 4
        target.storeBytes(of: UInt32(count).littleEndian, as: UInt32.self)
        target.storeBytes(of: UInt16(prefixCount).littleEndian, toByteOffset: 4, as: UInt16.self)
        target.storeBytes(of: UInt8(width), toByteOffset: 6, as: UInt8.self)
        target.storeBytes(of: 0, toByteOffset: 7, as: UInt8.self)
        target.storeBytes(of: oldest.littleEndian, toByteOffset: 8, as: UInt64.self)
        let offsets = DataBlock.headerBytes + count * 4
        let prefix = offsets + (count + 1) * width
        (target + prefix).copyMemory(from: entries[0].key.base, byteCount: prefixCount)
        var position = prefix + prefixCount
        func store(offset: Int, at index: Int) {
            if width == 2 {
                target.storeBytes(
                    of: UInt16(offset).littleEndian, toByteOffset: offsets + index * 2, as: UInt16.self)
            } else {
                target.storeBytes(
                    of: UInt32(offset).littleEndian, toByteOffset: offsets + index * 4, as: UInt32.self)
            }
        }
        for index in 0..<count {
            let entry = entries[index]
            let suffixCount = entry.key.count - prefixCount
            let slice = KeyOrder.slice32(entry.key, from: prefixCount)
            target.storeBytes(
                of: slice.littleEndian, toByteOffset: DataBlock.headerBytes + index * 4, as: UInt32.self)
            store(offset: position, at: index)
            position += Varint.write(UInt64(suffixCount) << 2 | UInt64(entry.kind.rawValue - 1), to: target + position)
            position += Varint.write(entry.timestamp - oldest, to: target + position)
            if suffixCount > 4 {
                (target + position).copyMemory(from: entry.key.base + prefixCount + 4, byteCount: suffixCount - 4)
                position += suffixCount - 4
            }
            (target + position).copyMemory(from: entry.value.base, byteCount: entry.value.count)
            position += entry.value.count
        }
        store(offset: position, at: count)
        precondition(position == payloadBytes, "a data block is not as large as was computed")
        reset()
    }

    private mutating func reset() {
        entries.removeAll(keepingCapacity: true)
        staged = 0
        keyBytes = 0
        valueBytes = 0
        prefixCount = 0
        oldest = .max
        newest = 0
    }
}
