/// Large values: written when a transaction is given them, read when somebody asks for them.
extension DatabaseCore {
    /// Whether a value goes to an extent of its own.
    @inline(__always)
    func isLarge(_ byteCount: Int) -> Bool { byteCount > engine.options.largeValueBytes }

    /// Writes a value to an extent of its own, the caller's until its commit has succeeded. A close waits for it.
    func writeLargeValue(_ value: BorrowedBytes) throws(StoreError) -> LargeValueReference {
        try committing { pipeline throws(StoreError) in try pipeline.writeLargeValue(value) }
    }

    /// Gives back the extent of a value that was not committed.
    func giveBack(_ extent: FileRange) { engine.file.allocator.releasePending(extent) }

    /// Reads the large value that an entry of `key` refers to. The caller keeps its extent from being given to others:
    /// by an epoch in which the entry was found, by a reader of its own, or because it is the transaction's own.
    @inline(never)
    func largeValue(_ reference: BorrowedBytes, of key: BorrowedBytes) throws(StoreError) -> [UInt8] {
        do throws(StoreError) {
            return try engine.file.readLargeValue(LargeValueReference(verified: reference))
        } catch {
            throw error.covering(KeyRange(from: key.array, upTo: key.array + [0]))
        }
    }

    /// The same for a transaction's own value; a close waits for it.
    func ownLargeValue(_ reference: BorrowedBytes, of key: BorrowedBytes) throws(StoreError) -> [UInt8] {
        try engine.withView { _ throws(StoreError) in
            try checkOpen()
            return try largeValue(reference, of: key)
        }
    }
}
