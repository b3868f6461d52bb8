/// Opening a store: what the medium holds becomes an engine, and after a crash the survivors go to fresh space.
extension Engine {
    /// Opens the store on `base`, which the caller has locked.
    ///
    /// The algorithm (R9 in Recovery); each step only reads, until 7:
    /// 1. One sync first, so that what is read is what the medium holds or will hold; then the cached copies of the
    ///    superblocks are dropped. The page cache may hold bytes marked clean that never reached the medium. A store
    ///    opened for reading leaves the cache alone.
    /// 2. Read the superblocks; take the newer, or the older if the newer one's manifest is damaged.
    /// 3. Read the manifest: the tables.
    /// 4. Replay the log into memtables. Everything before its end was committed in this order.
    /// 5. Collect what both superblocks and the log own; the rest of the file is free. Overlap is corruption.
    /// 6. After a clean close the log is empty, and there is nothing more to do.
    /// 7. Otherwise write the survivors to fresh space: a small log to a fresh log, a large one to tables.
    /// 8. Write both superblocks. From the first of them on, the new state holds; until then, a crash finds the old
    ///    one untouched, and does all this again.
    package static func open(_ base: any StorageDevice, options: EngineOptions) throws(StoreError) -> Engine {
        let started = SystemClock.monotonicNanoseconds
        let lanes = try StoreLanes(over: base)
        let device = lanes.tables
        if !options.isReadOnly {
            try device.sync()
            for slot in SuperblockSlots.extents { device.dropCache(slot) }
        }
        let slots = try SuperblockSlots.read(from: device)
        if !options.isReadOnly {
            for superblock in [slots.current, slots.previous ?? slots.current] {
                for extent in superblock.manifest.extents { device.dropCache(extent) }
            }
        }
        var recovery = try Recovery(lanes: lanes, slots: slots, options: options)
        let engine = options.isReadOnly ? try recovery.engineForReading() : try recovery.engineForWriting()
        try engine.adoptRetention()
        engine.tellOpened(recovery.summary, since: started)
        return engine
    }
}
