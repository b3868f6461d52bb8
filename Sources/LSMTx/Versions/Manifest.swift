/// Reads and writes the manifest: a base and the edits since, each a sealed block in an extent of its own, all named
/// by the superblock with their checksums.
///
/// Rejected: one growing manifest log with a length in the superblock. It needs a rule for its torn tail and keeps
/// rewriting its last sector; separate blocks need neither, and an edit costs one page either way.
package enum Manifest {
    /// More than the manifest of a file of the largest size takes, with as many large values as there may be.
    private static let maximumBlockBytes = UInt32(SealedBlock.maximumBytes)

    /// How many large values a store may hold. A table's descriptor has at most eight bytes for each, so that they take
    /// half of the largest manifest at most.
    package static let maximumLargeValues = 1 << 26

    /// Reads the version that a superblock names.
    ///
    /// - Returns: The edits in order, the base first.
    package static func read(_ pointers: ManifestPointers, from file: StoreFile) throws(StoreError) -> [VersionEdit] {
        var edits = [try readEdit(pointers.base, kind: .manifestBase, from: file)]
        for pointer in pointers.edits {
            edits.append(try readEdit(pointer, kind: .manifestEdit, from: file))
        }
        return edits
    }

    private static func readEdit(
        _ pointer: BlockPointer, kind: BlockKind, from file: StoreFile
    ) throws(StoreError) -> VersionEdit {
        // A length that no manifest has, or that the file cannot hold, must not become an allocation of that size.
        guard pointer.length <= maximumBlockBytes else {
            throw .corrupt("A block of the manifest is too long.", structure: kind.name, offset: pointer.offset)
        }
        guard pointer.range.end <= (try file.device.length()) else {
            throw .corrupt("The file ends inside the manifest.", structure: kind.name, offset: pointer.offset)
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(pointer.length), alignment: 16)
        defer { buffer.deallocate() }
        let payload = try file.readBlock(pointer, kind: kind, into: buffer)
        var reader = ByteReader(
            payload, structure: kind.name, fileOffset: pointer.offset + UInt64(SealedBlock.headerBytes))
        return try VersionEdit(from: &reader)
    }

    /// The outcome of ``append(_:to:resultingIn:file:generation:)``: nothing of it is durable yet.
    package struct Written: Sendable {
        package let pointers: ManifestPointers
        /// Extents that the new manifest does not name any more.
        package let obsolete: [FileRange]
        /// The extents that were taken for it.
        package let taken: [FileRange]
    }

    /// Writes `edit`, or a new base when that is no larger than the edits it replaces.
    ///
    /// - Parameters:
    ///   - version: What the edit leads to.
    ///   - history: What it leads to beside the tables.
    ///   - generation: The state that will name the blocks.
    ///   - asBase: Write a new base in any case, so that the manifest lies at the lowest place that is free.
    package static func append(
        _ edit: VersionEdit, to pointers: ManifestPointers?, resultingIn version: Version,
        history: RetainedHistory, file: StoreFile, generation: Generation, asBase: Bool = false
    ) throws(StoreError) -> Written {
        if !asBase, let pointers, pointers.edits.count < ManifestPointers.maximumEdits {
            let editBytes = pointers.edits.reduce(0) { $0 + Int($1.length) }
            if editBytes < Int(pointers.base.length) {
                let pointer = try write(edit, kind: .manifestEdit, file: file, generation: generation)
                var grown = pointers
                grown.edits.append(pointer)
                return Written(pointers: grown, obsolete: [], taken: extents(of: pointer))
            }
        }
        var base = version.asEdit
        base.history = history.asEdit
        let pointer = try write(base, kind: .manifestBase, file: file, generation: generation)
        return Written(
            pointers: ManifestPointers(base: pointer), obsolete: pointers?.extents ?? [], taken: extents(of: pointer))
    }

    private static func extents(of pointer: BlockPointer) -> [FileRange] {
        ManifestPointers(base: pointer).extents
    }

    private static func write(
        _ edit: VersionEdit, kind: BlockKind, file: StoreFile, generation: Generation
    ) throws(StoreError) -> BlockPointer {
        var writer = ByteWriter()
        writer.zeros(SealedBlock.headerBytes)
        edit.encode(to: &writer)
        var bytes = writer.bytes
        let extent = try file.allocateExtent(bytes: UInt64(bytes.count))
        let pointer = bytes.withUnsafeMutableBytes {
            file.seal.seal($0, kind: kind, generation: generation, offset: extent.offset)
        }
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(StoreError) in try file.writeInBackground(raw, at: extent.offset) }
        }
        do {
            try result.get()
        } catch {
            file.allocator.releaseUnpublished(extent)
            throw error
        }
        return pointer
    }
}
