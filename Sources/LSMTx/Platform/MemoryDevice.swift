/// A device in memory: what `Database.inMemory()` runs on, and the base of the devices that tests use.
///
/// Space is held in fixed chunks, so that growing does not move bytes, and reads and writes of different chunks
/// need the lock only to find them.
package final class MemoryDevice: StorageDevice {
    fileprivate static let chunkBytes = 1 << 20

    fileprivate struct State {
        var chunks: [UInt64: UnsafeMutableRawPointer] = [:]
        var length: UInt64 = 0
    }

    private struct Contents: @unchecked Sendable {
        // @unchecked: only reached with the lock held.
        var state = State()
    }

    private let contents = Guarded(Contents())

    package init() {}

    deinit {
        contents.withLock { contents in
            for chunk in contents.state.chunks.values { chunk.deallocate() }
            contents.state.chunks.removeAll()
        }
    }

    package func length() throws(StoreError) -> UInt64 { contents.withLock { $0.state.length } }

    package func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StoreError) -> Int {
        contents.withLock { contents in
            let state = contents.state
            guard offset < state.length else { return 0 }
            let count = Int(min(UInt64(target.count), state.length - offset))
            Self.forEachPiece(offset: offset, count: count) { chunk, inChunk, done, pieceCount in
                let destination = UnsafeMutableRawBufferPointer(rebasing: target[done..<done + pieceCount])
                if let source = state.chunks[chunk] {
                    destination.copyMemory(from: UnsafeRawBufferPointer(start: source + inChunk, count: pieceCount))
                } else {
                    destination.initializeMemory(as: UInt8.self, repeating: 0)
                }
            }
            return count
        }
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        contents.withLock { contents in
            Self.forEachPiece(offset: offset, count: bytes.count) { chunk, inChunk, done, pieceCount in
                let target = contents.state.chunk(chunk)
                let piece = UnsafeRawBufferPointer(rebasing: bytes[done..<done + pieceCount])
                (target + inChunk).copyMemory(from: piece.baseAddress!, byteCount: pieceCount)
            }
            contents.state.length = max(contents.state.length, offset + UInt64(bytes.count))
        }
    }

    package func writeDurably(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try write(bytes, at: offset)
    }

    package func sync() throws(StoreError) {}

    package func reserve(_ range: FileRange) throws(StoreError) {
        contents.withLock { $0.state.length = max($0.state.length, range.end) }
    }

    package func punch(_ range: FileRange) throws(StoreError) {
        contents.withLock { contents in
            let count = Int(min(range.end, contents.state.length) - min(range.offset, contents.state.length))
            Self.forEachPiece(offset: range.offset, count: count) { chunk, inChunk, _, pieceCount in
                guard let target = contents.state.chunks[chunk] else { return }
                if pieceCount == Self.chunkBytes {
                    target.deallocate()
                    contents.state.chunks[chunk] = nil
                } else {
                    (target + inChunk).initializeMemory(as: UInt8.self, repeating: 0, count: pieceCount)
                }
            }
        }
    }

    package func truncate(to length: UInt64) throws(StoreError) {
        let old = try self.length()
        guard length < old else { return }
        try punch(FileRange(offset: length, length: old - length))
        contents.withLock { $0.state.length = length }
    }

    package func dropCache(_ range: FileRange) {}

    package func lock(exclusive: Bool) throws(StoreError) -> LockHolder? { nil }

    package func close() {}

    /// Splits a range at chunk borders and calls `body` with each piece's chunk, offset in it, offset in the range
    /// and count.
    private static func forEachPiece(offset: UInt64, count: Int, _ body: (UInt64, Int, Int, Int) -> Void) {
        var done = 0
        while done < count {
            let position = offset + UInt64(done)
            let inChunk = Int(position % UInt64(chunkBytes))
            let pieceCount = min(count - done, chunkBytes - inChunk)
            body(position / UInt64(chunkBytes), inChunk, done, pieceCount)
            done += pieceCount
        }
    }
}

extension MemoryDevice.State {
    fileprivate mutating func chunk(_ index: UInt64) -> UnsafeMutableRawPointer {
        if let known = chunks[index] { return known }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: MemoryDevice.chunkBytes, alignment: 4096)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: MemoryDevice.chunkBytes)
        chunks[index] = memory
        return memory
    }
}
