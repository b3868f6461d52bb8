/// Bytes that someone else owns: a pointer and a count, with no reference counting.
///
/// Validity is the lender's promise, stated wherever one is handed out: until a block is unpinned, a memtable is
/// released, or the call returns. The hot paths pass these instead of arrays, which would retain and release.
package struct BorrowedBytes: @unchecked Sendable {
    // @unchecked: the pointer is only ever read through, and the lender keeps the bytes unchanged while lent.
    package let base: UnsafeRawPointer
    package let count: Int

    @inline(__always)
    package init(base: UnsafeRawPointer, count: Int) {
        self.base = base
        self.count = count
    }

    @inline(__always)
    package init(_ buffer: UnsafeRawBufferPointer) {
        base = buffer.baseAddress ?? BorrowedBytes.emptyBase
        count = buffer.count
    }

    /// What an empty buffer's missing base address is replaced by; never read through.
    private static var emptyBase: UnsafeRawPointer { UnsafeRawPointer(bitPattern: 8)! }

    package static var empty: BorrowedBytes { BorrowedBytes(base: emptyBase, count: 0) }

    @inline(__always)
    package var buffer: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// A copy in memory of its own, which whoever asks for it deallocates.
    static func copy(_ bytes: [UInt8]) -> BorrowedBytes {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 8)
        memory.copyBytes(from: bytes)
        return BorrowedBytes(base: UnsafeRawPointer(memory.baseAddress!), count: bytes.count)
    }

    /// A copy that owns its bytes.
    package var array: [UInt8] { [UInt8](buffer) }
}
