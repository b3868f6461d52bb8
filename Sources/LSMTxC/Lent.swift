internal import CLSMTx
internal import LSMTx

/// Memory of texts and bytes that an object lends to its holder for as long as it lives.
///
/// Everything is made while the object is made, so that any threads may look at it.
struct Lent: ~Copyable {
    private var pieces: [UnsafeMutableRawPointer] = []

    deinit { for piece in pieces { piece.deallocate() } }

    /// A copy that ends with a zero byte; a zero byte within ends it earlier.
    mutating func text(_ text: String) -> UnsafePointer<CChar> {
        let bytes = text.utf8
        let memory = piece(bytes.count + 1)
        memory.withMemoryRebound(to: UInt8.self, capacity: bytes.count + 1) { target in
            _ = UnsafeMutableBufferPointer(start: target, count: bytes.count).initialize(from: bytes)
            target[bytes.count] = 0
        }
        return UnsafePointer(memory)
    }

    mutating func text(_ text: String?) -> UnsafePointer<CChar>? {
        guard let text else { return nil }
        return self.text(text)
    }

    /// A copy, whose pointer is not NULL.
    mutating func slice(_ bytes: [UInt8]) -> lsmtx_slice {
        let memory = UnsafeMutableRawPointer(piece(bytes.count + 1))
        bytes.withUnsafeBytes { source in
            if let base = source.baseAddress { memory.copyMemory(from: base, byteCount: source.count) }
        }
        return lsmtx_slice(data: UnsafeRawPointer(memory), length: bytes.count)
    }

    /// A copy, or NULL.
    mutating func slice(_ bytes: [UInt8]?) -> lsmtx_slice {
        guard let bytes else { return lsmtx_slice(data: nil, length: 0) }
        return slice(bytes)
    }

    private mutating func piece(_ byteCount: Int) -> UnsafeMutablePointer<CChar> {
        let memory = UnsafeMutablePointer<CChar>.allocate(capacity: byteCount)
        pieces.append(UnsafeMutableRawPointer(memory))
        return memory
    }
}
