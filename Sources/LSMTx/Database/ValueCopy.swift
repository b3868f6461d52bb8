/// A value that a lookup has copied out of the store, to be lent to a caller's closure.
///
/// Short values, as most are, are copied to the caller's stack, longer ones to an array. Lending the store's own bytes
/// instead would keep the epoch pinned while the closure runs: nothing could be freed meanwhile, and a `close` within
/// it would wait for itself.
@usableFromInline
struct ValueCopy {
    /// Place on the stack for one value.
    @usableFromInline static let stackBytes = 256

    @usableFromInline let count: Int
    /// The value, if it is longer than the place on the stack.
    @usableFromInline let long: [UInt8]?

    init(_ value: BorrowedBytes, target: UnsafeMutableRawBufferPointer) {
        count = value.count
        if count <= target.count {
            target.copyMemory(from: value.buffer)
            long = nil
        } else {
            long = value.array
        }
    }

    /// A value that lives in an extent of its own, and has been read into an array.
    init(large: [UInt8]) {
        count = large.count
        long = large
    }

    @inlinable
    func lend<R>(from target: UnsafeMutableRawBufferPointer, to body: (RawSpan) throws -> R) throws -> R {
        if let long { return try body(long.span.bytes) }
        return try body(UnsafeRawBufferPointer(rebasing: target[..<count]).bytes)
    }
}
