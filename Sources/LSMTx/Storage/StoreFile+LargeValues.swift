/// Large values: each is one sealed block that begins an extent of its own.
///
/// A value is written before anything names it, and synced before a record of the log does (``CommitPipeline``). So a
/// value that a record names is on the medium, and recovery reads none.
extension StoreFile {
    /// Takes an extent for `value` and writes it there, in pieces that no commit waits long behind. Nothing is synced.
    ///
    /// - Parameter born: The generation that will name it at the earliest.
    /// - Throws: `diskFull` or `io`, with the extent given back.
    package func writeLargeValue(
        _ value: BorrowedBytes, born: Generation
    ) throws(StoreError) -> LargeValueReference {
        let bytes = UInt64(LargeValueReference.headerBytes + value.count)
        let extent = try allocatePendingExtent(bytes: bytes)
        do throws(StoreError) {
            return try write(value, to: extent, born: born)
        } catch {
            allocator.releasePending(extent)
            throw error
        }
    }

    private func write(
        _ value: BorrowedBytes, to extent: FileRange, born: Generation
    ) throws(StoreError) -> LargeValueReference {
        let headerBytes = LargeValueReference.headerBytes
        let first = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(Self.backgroundWriteBytes, headerBytes + value.count), alignment: 64)
        defer { first.deallocate() }
        let checksum = seal.sealHeader(
            UnsafeMutableRawBufferPointer(rebasing: first[..<headerBytes]), of: value, kind: .largeValue,
            generation: born, offset: extent.offset)
        let inFirst = first.count - headerBytes
        (first.baseAddress.unsafelyUnwrapped + headerBytes).copyMemory(from: value.base, byteCount: inFirst)
        try lanes.values.write(UnsafeRawBufferPointer(first), at: extent.offset)
        try writeInBackground(
            UnsafeRawBufferPointer(rebasing: value.buffer[inFirst...]), at: extent.offset + UInt64(first.count),
            through: lanes.values)
        return LargeValueReference(offset: extent.offset, count: value.count, checksum: checksum, born: born)
    }

    /// Reads a value into `target`, which is exactly as long, and verifies it.
    ///
    /// - Throws: `corrupt` when it is not what the reference says; `io` when it cannot be read.
    package func readLargeValue(
        _ reference: LargeValueReference, into target: UnsafeMutableRawBufferPointer
    ) throws(StoreError) {
        precondition(target.count == reference.count)
        var checksum = try checksumOfHeader(reference)
        let start = reference.offset + UInt64(LargeValueReference.headerBytes)
        guard try device.read(into: target, at: start) == target.count else { throw Self.endsInside(reference) }
        checksum.add(BorrowedBytes(UnsafeRawBufferPointer(target)))
        guard checksum.value == reference.checksum else { throw Self.mismatch(reference) }
    }

    /// Reads a value into an array of its own, and verifies it.
    package func readLargeValue(_ reference: LargeValueReference) throws(StoreError) -> [UInt8] {
        // Damage must not become an allocation of that size.
        guard reference.extent.end <= (try device.length()) else { throw Self.endsInside(reference) }
        var outcome = Result<Void, StoreError>.success(())
        let value = [UInt8](unsafeUninitializedCapacity: reference.count) { target, count in
            let bytes = UnsafeMutableRawBufferPointer(
                rebasing: UnsafeMutableRawBufferPointer(target)[..<reference.count])
            outcome = Result { () throws(StoreError) in try readLargeValue(reference, into: bytes) }
            if case .success = outcome { count = reference.count }
        }
        try outcome.get()
        return value
    }

    /// Reads a value piece by piece, whatever its length, and verifies it.
    package func verifyLargeValue(_ reference: LargeValueReference) throws(StoreError) {
        var checksum = try checksumOfHeader(reference)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(Self.verifyBytes, reference.count), alignment: 64)
        defer { buffer.deallocate() }
        var done = 0
        while done < reference.count {
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, reference.count - done)])
            let start = reference.offset + UInt64(LargeValueReference.headerBytes + done)
            guard try device.read(into: piece, at: start) == piece.count else { throw Self.endsInside(reference) }
            checksum.add(BorrowedBytes(UnsafeRawBufferPointer(piece)))
            done += piece.count
        }
        guard checksum.value == reference.checksum else { throw Self.mismatch(reference) }
    }

    private static let verifyBytes = 256 << 10

    /// Reads and checks what stands before the value.
    private func checksumOfHeader(_ reference: LargeValueReference) throws(StoreError) -> RunningChecksum {
        var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
        let checksum = withUnsafeMutableBytes(of: &words) { header in
            Result { () throws(StoreError) -> Bool in
                guard try device.read(into: header, at: reference.offset) == header.count else {
                    throw Self.endsInside(reference)
                }
                return seal.isHeader(UnsafeRawBufferPointer(header), of: reference)
            }
        }
        guard try checksum.get() else { throw Self.mismatch(reference) }
        var running = RunningChecksum(seed: seal.seed(at: reference.offset))
        withUnsafeBytes(of: &words) { running.add(BorrowedBytes(UnsafeRawBufferPointer(rebasing: $0[8...]))) }
        return running
    }

    private static func endsInside(_ reference: LargeValueReference) -> StoreError {
        .corrupt("The file ends inside a value.", structure: BlockKind.largeValue.name, offset: reference.offset)
    }

    private static func mismatch(_ reference: LargeValueReference) -> StoreError {
        .corrupt(
            "A value is not what its reference says.", structure: BlockKind.largeValue.name, offset: reference.offset)
    }
}

extension SealedBlock {
    /// Fills in the header of a block whose payload lies elsewhere, and returns the block's checksum.
    fileprivate func sealHeader(
        _ header: UnsafeMutableRawBufferPointer, of payload: BorrowedBytes, kind: BlockKind, generation: Generation,
        offset: UInt64
    ) -> UInt64 {
        fillHeader(header, payloadBytes: payload.count, kind: kind, codec: .plain, generation: generation)
        var checksum = RunningChecksum(seed: seed(at: offset))
        checksum.add(BorrowedBytes(UnsafeRawBufferPointer(rebasing: header[8..<Self.headerBytes])))
        checksum.add(payload)
        let value = checksum.value
        header.storeBytes(of: value.littleEndian, toByteOffset: 0, as: UInt64.self)
        return value
    }

    /// Whether a header is that of the block which `reference` names, apart from its checksum's being right.
    fileprivate func isHeader(_ header: UnsafeRawBufferPointer, of reference: LargeValueReference) -> Bool {
        UInt64(littleEndian: header.loadUnaligned(fromByteOffset: 0, as: UInt64.self)) == reference.checksum
            && UInt64(littleEndian: header.loadUnaligned(fromByteOffset: 8, as: UInt64.self)) == reference.born.rawValue
            && UInt32(littleEndian: header.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
                == UInt32(reference.count)
            && header.load(fromByteOffset: 20, as: UInt8.self) == BlockKind.largeValue.rawValue
            && header.load(fromByteOffset: 21, as: UInt8.self) == BlockCodec.plain.rawValue
    }
}
