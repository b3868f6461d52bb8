internal import Synchronization

/// A user key in the arena: {newest version (u32, atomic), key length (u32), key, padding}, followed by the key's
/// first version.
///
/// All but `newest` is written before the releasing exchange that puts the node into a hash slot, and never again.
struct MemtableNode {
    static let headerBytes = 8
    private let address: UnsafeMutableRawPointer

    @inline(__always)
    init(_ arena: UnsafeMutableRawPointer, _ offset: UInt32) {
        address = arena + Int(offset) &* MemtableMemory.unitBytes
    }

    /// The head of the version chain, newest first.
    @inline(__always)
    var newest: UnsafeMutablePointer<Atomic<UInt32>> { address.assumingMemoryBound(to: Atomic<UInt32>.self) }

    /// The head of the version chain, with all that its inserter wrote.
    @inline(__always)
    var newestVersion: UInt32 { newest.pointee.load(ordering: .acquiring) }

    @inline(__always)
    var key: BorrowedBytes {
        BorrowedBytes(
            base: address + Self.headerBytes, count: Int(address.load(fromByteOffset: 4, as: UInt32.self)))
    }

    /// Units before the node's own version.
    @inline(__always)
    static func units(keyBytes: Int) -> Int {
        (headerBytes + keyBytes + MemtableMemory.unitBytes - 1) / MemtableMemory.unitBytes
    }

    @inline(__always)
    func write(key: BorrowedBytes, newest version: UInt32) {
        newest.initialize(to: Atomic(version))
        address.storeBytes(of: UInt32(key.count), toByteOffset: 4, as: UInt32.self)
        (address + Self.headerBytes).copyMemory(from: key.base, byteCount: key.count)
    }
}

/// A version in the arena: {timestamp (u64), previous version (u32), value length (u32), kind (u8), value, padding}.
///
/// It is written before the releasing exchange that puts it at the head of its key's chain, and never again.
struct MemtableVersion {
    private static let headerBytes = 17
    private let address: UnsafeMutableRawPointer

    @inline(__always)
    init(_ arena: UnsafeMutableRawPointer, _ offset: UInt32) {
        address = arena + Int(offset) &* MemtableMemory.unitBytes
    }

    @inline(__always)
    var timestamp: Timestamp { Timestamp(rawValue: address.load(as: UInt64.self)) }

    /// The next older version, 0 if there is none.
    @inline(__always)
    var previous: UInt32 { address.load(fromByteOffset: 8, as: UInt32.self) }

    @inline(__always)
    var entry: MemtableEntry {
        let kind = EntryKind(rawValue: address.load(fromByteOffset: 16, as: UInt8.self))
        return MemtableEntry(
            kind: kind.unsafelyUnwrapped,
            timestamp: timestamp,
            value: BorrowedBytes(
                base: address + Self.headerBytes, count: Int(address.load(fromByteOffset: 12, as: UInt32.self))))
    }

    @inline(__always)
    static func units(valueBytes: Int) -> Int {
        (headerBytes + valueBytes + MemtableMemory.unitBytes - 1) / MemtableMemory.unitBytes
    }

    @inline(__always)
    func write(timestamp: Timestamp, kind: EntryKind, value: BorrowedBytes) {
        address.storeBytes(of: timestamp.rawValue, as: UInt64.self)
        address.storeBytes(of: 0, toByteOffset: 8, as: UInt32.self)
        address.storeBytes(of: UInt32(value.count), toByteOffset: 12, as: UInt32.self)
        address.storeBytes(of: kind.rawValue, toByteOffset: 16, as: UInt8.self)
        (address + Self.headerBytes).copyMemory(from: value.base, byteCount: value.count)
    }

    /// Only before the version is in a chain.
    @inline(__always)
    func setPrevious(_ offset: UInt32) {
        address.storeBytes(of: offset, toByteOffset: 8, as: UInt32.self)
    }

    /// The newest version in the chain from `offset` on that is not newer than `timestamp`, 0 if there is none.
    @inline(__always)
    static func visible(_ arena: UnsafeMutableRawPointer, from offset: UInt32, at timestamp: Timestamp) -> UInt32 {
        var offset = offset
        while offset != 0 {
            let version = MemtableVersion(arena, offset)
            if version.timestamp <= timestamp { break }
            offset = version.previous
        }
        return offset
    }
}

/// One version of a key. Its bytes are lent by the memtable for as long as the memtable is referenced.
package struct MemtableEntry {
    package let kind: EntryKind
    package let timestamp: Timestamp
    /// Empty for a tombstone.
    package let value: BorrowedBytes
}
