/// Making a new store: two superblocks, an empty manifest, one empty log segment.
extension Engine {
    /// Writes an empty store to `device`, whose file is empty. The caller syncs the file before it gets its name.
    ///
    /// The superblocks are written last, so that a file that was never finished is recognised as such.
    package static func format(
        _ device: any StorageDevice, options: EngineOptions, using random: inout some RandomNumberGenerator
    ) throws(StoreError) {
        guard Superblock.extentBytesAreLegal(options.extentBytes) else {
            throw StoreError(
                .misuse, "An extent size of \(options.extentBytes) bytes is not possible.",
                remedy: "Choose a multiple of \(ExtentAllocator.pageBytes) from 16 KiB to 64 MiB.")
        }
        let generation = Generation(rawValue: 1)
        let file = StoreFile(
            device: device, identity: .random(using: &random),
            allocator: try ExtentAllocator(used: SuperblockSlots.extents), extentBytes: options.extentBytes)
        let log = try LogWriter(creatingIn: file) { LogSite(floor: 0, generation: generation) }
        var history = RetainedHistory()
        var edit = VersionEdit()
        edit.history.retention = try (options.retention ?? .standard).checked()
        try history.apply(edit.history)
        // Each slot has a manifest of its own.
        var manifests: [ManifestPointers] = []
        for _ in Superblock.slotOffsets {
            manifests.append(
                try Manifest.append(
                    edit, to: nil, resultingIn: .empty, history: history, file: file, generation: generation
                ).pointers)
        }
        try device.sync()
        let start = log.start(at: log.position)
        var superblock = Superblock(
            generation: generation, identity: file.identity, isClean: true, extentBytes: options.extentBytes,
            timestampFloor: .zero, flushedTimestamp: .zero, nextTableID: TableID(rawValue: 1),
            reuseFloor: Generation(rawValue: 0), logStart: start, logReach: start.position.lsn,
            manifest: manifests[0])
        for (slot, manifest) in manifests.enumerated() {
            superblock.manifest = manifest
            try SuperblockSlots.write(superblock, slot: slot, to: device)
            superblock.generation = superblock.generation.next
        }
    }
}
