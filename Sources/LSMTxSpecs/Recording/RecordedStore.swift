internal import LSMTx
internal import LSMTxSimulation

/// The store that is recorded, and the device below it.
final class RecordedStore: Sendable {
    /// What a crash has left.
    struct Image: Sendable {
        let device: CrashDevice
    }

    /// So many of the newest commits can be read by their timestamps: more than can be in flight.
    private static let readableCommits: UInt64 = 1024

    let database: Database
    /// `nil` if the power is never cut.
    let crashDevice: CrashDevice?
    let faultDevice: FaultDevice?

    private init(database: Database, crashDevice: CrashDevice?, faultDevice: FaultDevice?) {
        self.database = database
        self.crashDevice = crashDevice
        self.faultDevice = faultDevice
    }

    /// An empty store.
    static func make(crashes: Bool, seed: UInt64, seededFaults: SeededFaults) throws -> RecordedStore {
        var random = SeededGenerator(seed: seed)
        let options = try options(seededFaults)
        guard crashes else {
            let device = MemoryDevice()
            try Engine.format(device, options: options, using: &random)
            return RecordedStore(database: try open(device, options), crashDevice: nil, faultDevice: nil)
        }
        let device = CrashDevice()
        try Engine.format(device, options: options, using: &random)
        return try open(Image(device: device), seededFaults: seededFaults)
    }

    static func open(_ image: Image, seededFaults: SeededFaults) throws -> RecordedStore {
        let faults = FaultDevice(image.device)
        let database = try open(faults, try options(seededFaults))
        return RecordedStore(database: database, crashDevice: image.device, faultDevice: faults)
    }

    /// Opens what a crash has left and cuts the power meanwhile, or right behind it.
    static func crashWhileOpening(_ image: Image, seed: UInt64) throws -> Image {
        var random = SeededGenerator(seed: seed)
        let found = Guarded<(left: Int, point: CrashPoint?)>((Int.random(in: 0..<40, using: &random), nil))
        image.device.onCrashPoint(everyWrites: 1) { point in
            found.withLock { found in
                if found.left == 0 { found.point = point }
                found.left -= 1
            }
        }
        let database = try open(image.device, try options([]))
        image.device.removeHook()
        let point = found.withLock { $0.point } ?? image.device.crashPoint()
        try? database.close()
        let outcomes = point.states(seed: random.next(), random: 8, singles: 2)
        return Image(device: point.image(outcomes.randomElement(using: &random) ?? .nothing))
    }

    /// Gives the store up. What it still writes is of no interest.
    func abandon() { try? database.close() }

    /// When a transaction took effect; `nil` if it did not.
    func commit(of operations: [MicroOperation]) throws -> UInt64? {
        for operation in operations.reversed() {
            switch operation {
            case .write(let key, let value):
                // A later write of the same transaction would have replaced it.
                return try commit(at: key) { $0 == value }
            case .append(let key, let element):
                return try commit(at: key) { found in
                    if case .list(let list) = found { list.last == element } else { false }
                }
            case .read, .scan, .delete: continue
            }
        }
        return nil
    }

    private func commit(at key: String, _ isIt: (HistoryValue) -> Bool) throws -> UInt64? {
        try database.history(of: HistoryKey.bytes(of: key)).last { version in
            version.value.map { isIt(StoredValue.value(of: $0)) } ?? false
        }?.timestamp.rawValue
    }

    private static func open(_ device: any StorageDevice, _ options: EngineOptions) throws -> Database {
        try Database(device: device, path: nil, configuration: configuration, options: options)
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.memtableBytes = 256 << 10
        configuration.cacheBytes = 1 << 20
        configuration.extentBytes = 16 << 10
        return configuration
    }

    /// Everything as small as it can be.
    private static func options(_ seededFaults: SeededFaults) throws -> EngineOptions {
        var options = EngineOptions()
        options.seededFaults = seededFaults
        options.memtableBytes = configuration.memtableBytes
        options.freeTailBytes = 512 << 10
        options.closeBytes = 1 << 20
        options.cacheBytes = configuration.cacheBytes
        options.extentBytes = UInt64(configuration.extentBytes)
        options.smallLogBytes = 64 << 10
        options.compactionPartBytes = 64 << 10
        options.retention = Retention(commits: readableCommits)
        return options
    }
}
