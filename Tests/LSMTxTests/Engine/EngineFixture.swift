import LSMTx
import LSMTxSimulation

/// Stores with everything as small as it can be, so that memtables, segments and extents are used up all the time.
enum EngineFixture {
    /// Nothing of the past is kept, so that compaction has something to drop.
    static func options(
        background: Bool = false, smallLogBytes: Int = 16 << 10, retention: Retention? = .snapshotsOnly
    ) -> EngineOptions {
        var options = EngineOptions()
        options.memtableBytes = 64 << 10
        options.freeTailBytes = 128 << 10
        options.closeBytes = 1 << 20
        options.cacheBytes = 256 << 10
        options.extentBytes = 16 << 10
        options.smallLogBytes = smallLogBytes
        options.hasBackgroundThreads = background
        // Most compactions are split.
        options.compactionPartBytes = 8 << 10
        options.retention = retention
        return options
    }

    static var configuration: Configuration {
        var configuration = Configuration()
        configuration.memtableBytes = 64 << 10
        configuration.cacheBytes = 256 << 10
        configuration.extentBytes = 16 << 10
        return configuration
    }

    static func format(_ device: any StorageDevice, seed: UInt64 = 1) throws(StoreError) {
        var random = SeededGenerator(seed: seed)
        try Engine.format(device, options: options(), using: &random)
    }

    static func open(
        _ device: any StorageDevice, background: Bool = false, smallLogBytes: Int = 16 << 10,
        retention: Retention? = .snapshotsOnly
    ) throws(StoreError) -> Database {
        try open(device, options(background: background, smallLogBytes: smallLogBytes, retention: retention))
    }

    static func open(_ device: any StorageDevice, _ options: EngineOptions) throws(StoreError) -> Database {
        try Database(device: device, path: nil, configuration: configuration, options: options)
    }

    /// A store whose retention is what the file says, and in which values need not be long to be large.
    static func openWithPast(
        _ device: any StorageDevice, background: Bool = false, smallLogBytes: Int = 16 << 10
    ) throws(StoreError) -> Database {
        var options = options(background: background, smallLogBytes: smallLogBytes, retention: nil)
        options.largeValueBytes = 3_000
        return try open(device, options)
    }

    /// The file as a process that was killed leaves it: everything that was written.
    static func copy(_ device: any StorageDevice) throws(StoreError) -> MemoryDevice {
        let copy = MemoryDevice()
        try copy.write(device.readAll(), at: 0)
        return copy
    }

    /// Writes a store of its own, so that a clean end of one test needs no path.
    static func newStore(
        background: Bool = false, retention: Retention? = .snapshotsOnly
    ) throws(StoreError) -> (device: MemoryDevice, database: Database) {
        let device = MemoryDevice()
        try format(device)
        return (device, try open(device, background: background, retention: retention))
    }

    /// Every entry, in order.
    static func contents(_ database: Database) throws -> [Entry] {
        try database.read { snapshot in Array(snapshot.scan()) }
    }

    /// The code of the error that `body` throws.
    static func code(_ body: () throws -> Void) -> StoreError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? StoreError)?.code
        }
    }
}
