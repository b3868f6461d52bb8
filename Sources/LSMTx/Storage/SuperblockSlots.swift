/// Reads and writes the two superblock slots.
package enum SuperblockSlots {
    /// What the two slots hold.
    package struct Contents: Sendable {
        /// The newest valid superblock.
        package let current: Superblock
        /// The other slot's superblock, when it is valid too and belongs to the same file.
        package let previous: Superblock?
        /// The slot that `current` was read from, 0 or 1.
        package let currentSlot: Int
    }

    /// The extents that the slots themselves occupy.
    package static let extents = Superblock.slotOffsets.map {
        FileRange(offset: $0, length: UInt64(Superblock.slotBytes))
    }

    /// Reads both slots and picks the newest valid one.
    ///
    /// - Throws: `notADatabase` for an empty file or one that is something else; `unsupportedFormat` for a store of
    ///   another format version; `corrupt` for a store whose slots are both damaged; `io` when reading fails.
    package static func read(from device: any StorageDevice) throws(StoreError) -> Contents {
        let length = try device.length()
        guard length > 0 else {
            throw StoreError(
                .notADatabase, "The file is empty.",
                remedy: "Check the path; to make a new store here, remove the empty file first.")
        }
        var slots: [Superblock.SlotContents] = []
        for offset in Superblock.slotOffsets {
            slots.append(Superblock.decode(try readSlot(at: offset, from: device), at: offset))
        }
        let valid = slots.enumerated().compactMap { index, contents -> (slot: Int, superblock: Superblock)? in
            guard case .valid(let superblock) = contents else { return nil }
            return (index, superblock)
        }
        guard let newest = valid.max(by: { $0.superblock.generation < $1.superblock.generation }) else {
            throw failure(slots)
        }
        let other = valid.first { $0.slot != newest.slot }?.superblock
        if let other, other.identity != newest.superblock.identity {
            throw .corrupt("The two superblocks belong to different files.", structure: "superblock", offset: 0)
        }
        return Contents(current: newest.superblock, previous: other, currentSlot: newest.slot)
    }

    /// The slots that do not hold a valid superblock.
    package static func damagedSlots(of device: any StorageDevice) throws(StoreError) -> [Int] {
        var damaged: [Int] = []
        for (slot, offset) in Superblock.slotOffsets.enumerated() {
            guard case .valid = Superblock.decode(try readSlot(at: offset, from: device), at: offset) else {
                damaged.append(slot)
                continue
            }
        }
        return damaged
    }

    private static func readSlot(at offset: UInt64, from device: any StorageDevice) throws(StoreError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Superblock.slotBytes, alignment: 16)
        defer { buffer.deallocate() }
        let count = try device.read(into: buffer, at: offset)
        return [UInt8](buffer[..<count])
    }

    private static func failure(_ slots: [Superblock.SlotContents]) -> StoreError {
        for case .otherVersion(let version) in slots {
            return StoreError(
                .unsupportedFormat,
                "The file has format version \(version); this build reads version \(Superblock.formatVersion).",
                remedy: "Open it with the release that wrote it, and move the data with `lsmtx dump` and `restore`.",
                at: StoreError.Location(offset: 0, structure: "superblock"))
        }
        guard slots.contains(.damaged) else {
            return StoreError(
                .notADatabase, "The file is not an LSMTx store.", remedy: "Check the path; the file was not changed.")
        }
        return .corrupt("Both superblocks are damaged.", structure: "superblock", offset: 0)
    }

    /// Writes `superblock` to `slot`, durable when it returns. Everything that it names is durable already (R1).
    package static func write(
        _ superblock: Superblock, slot: Int, to device: any StorageDevice
    ) throws(StoreError) {
        let offset = Superblock.slotOffsets[slot]
        let bytes = superblock.encoded(at: offset)
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(StoreError) in try device.writeDurably(raw, at: offset) }
        }
        try result.get()
    }
}
