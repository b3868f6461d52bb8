/// A buffer that keeps a copy of some bytes and grows as needed.
package final class GrowingBuffer {
    private var memory: UnsafeMutableRawPointer
    private var capacity: Int
    private var count = 0

    package init(capacity: Int = 64) {
        self.capacity = capacity
        memory = .allocate(byteCount: capacity, alignment: 8)
    }

    deinit { memory.deallocate() }

    /// The copy, valid until the next ``assign(_:)``.
    package var bytes: BorrowedBytes { BorrowedBytes(base: memory, count: count) }

    /// Replaces the copy. `source` may be the buffer's own bytes.
    package func assign(_ source: BorrowedBytes) {
        if source.count > capacity {
            let grown = UnsafeMutableRawPointer.allocate(byteCount: source.count, alignment: 8)
            memory.deallocate()
            memory = grown
            capacity = source.count
        }
        memory.copyMemory(from: source.base, byteCount: source.count)
        count = source.count
    }
}
