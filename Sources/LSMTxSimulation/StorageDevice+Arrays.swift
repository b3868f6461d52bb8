package import LSMTx

/// Reads and writes by array, which tests prefer to pointers.
extension StorageDevice {
    package func write(_ bytes: [UInt8], at offset: UInt64) throws(StoreError) {
        try withCopy(of: bytes) { buffer throws(StoreError) in try write(buffer, at: offset) }
    }

    package func writeDurably(_ bytes: [UInt8], at offset: UInt64) throws(StoreError) {
        try withCopy(of: bytes) { buffer throws(StoreError) in try writeDurably(buffer, at: offset) }
    }

    /// At most `count` bytes from `offset` on, fewer where the file ends.
    package func readBytes(_ count: Int, at offset: UInt64) throws(StoreError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { buffer.deallocate() }
        let done = try read(into: buffer, at: offset)
        return [UInt8](buffer[..<done])
    }

    /// The whole file.
    package func readAll() throws(StoreError) -> [UInt8] { try readBytes(Int(length()), at: 0) }
}

/// `Array.withUnsafeBytes` loses the error's type.
private func withCopy(
    of bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(StoreError) -> Void
) throws(StoreError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    defer { buffer.deallocate() }
    buffer.copyBytes(from: bytes)
    try body(UnsafeRawBufferPointer(buffer))
}
