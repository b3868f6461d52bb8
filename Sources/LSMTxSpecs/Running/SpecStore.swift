internal import LSMTx
internal import LSMTxSimulation

/// A store without background threads, over a device that can crash and fail: in memory, or over a file too.
final class SpecStore {
    /// What every run begins with: a new file, formatted once and shared by all runs.
    struct Image {
        let point: CrashPoint
        let options: EngineOptions

        init(retainedCommits: UInt64, seededFaults: SeededFaults = []) throws(StoreError) {
            var options = EngineOptions()
            options.hasBackgroundThreads = false
            options.memtableBytes = 64 << 10
            options.extentBytes = 16 << 10
            options.cacheBytes = 1 << 20
            options.retention = Retention(commits: retainedCommits)
            options.seededFaults = seededFaults
            let device = CrashDevice()
            var random = SeededGenerator(seed: 0)
            try Engine.format(device, options: options, using: &random)
            try device.sync()
            self.options = options
            point = device.crashPoint()
        }
    }

    private let options: EngineOptions
    private let file: SpecStoreFile?
    private let failpoints = Failpoints()
    private var disk: CrashDevice
    private(set) var database: Database?

    /// Opens a new store.
    ///
    /// - Parameter file: The file that it is in too; `nil` for memory alone.
    init(_ image: Image, in file: SpecStoreFile?) throws(StoreError) {
        options = image.options
        self.file = file
        disk = image.point.image(.everything)
        try file?.write(disk)
        try reopen()
    }

    deinit {
        // Nobody looks at the file any more, so it need not be left in order.
        cutPower()
        file?.remove()
    }

    var control: EngineControl? { database.map(EngineControl.init) }

    func arm(_ failpoint: Failpoint) { failpoints.arm(failpoint) }

    func during<R>(_ activity: Failpoint.Activity, _ body: () throws -> R) rethrows -> R {
        try failpoints.during(activity, body)
    }

    func reopen() throws(StoreError) {
        var configuration = Configuration()
        configuration.durability = .sync
        let base: any StorageDevice = if let file { MirrorDevice(try file.open(), disk: disk) } else { disk }
        let device = FailpointDevice(base, disk: disk, failpoints: failpoints)
        do throws(StoreError) {
            let opened = failpoints.during(.recovery) {
                Result { () throws(StoreError) in
                    try Database(device: device, path: nil, configuration: configuration, options: options)
                }
            }
            database = try opened.get()
        } catch {
            device.close()
            throw error
        }
    }

    /// Closes the database. What it has failed at is found again at the next opening.
    func close() throws(StoreError) {
        guard let closing = database else { return }
        database = nil
        let result = failpoints.during(.close) { Result { () throws(StoreError) in try closing.close() } }
        try result.get()
    }

    /// The process dies and the power goes.
    ///
    /// - Returns: What is left of what was not durable, in words.
    func crash(using generator: inout SeededGenerator) throws(StoreError) -> String {
        let point = disk.crashPoint()
        let choices = point.states(seed: generator.next(), random: 6, singles: 2)
        let choice = choices.randomElement(using: &generator) ?? .nothing
        cutPower()
        disk = point.image(choice)
        failpoints.restorePower()
        try file?.write(disk)
        return Self.describe(choice, of: point)
    }

    /// Ends the database without its leaving anything behind.
    private func cutPower() {
        failpoints.cutPower()
        control?.abandon()
        try? database?.close()
        database = nil
    }

    private static func describe(_ choice: CrashChoice, of point: CrashPoint) -> String {
        let sectors = point.unsyncedSectors
        guard !sectors.isEmpty else { return "everything was durable" }
        var (old, new, between, torn) = (0, 0, 0, 0)
        for sector in sectors {
            let newest = point.unsyncedVersions(of: sector)
            switch choice.fates[sector] ?? .version(choice.base == .old ? 0 : newest) {
            case .version(0): old += 1
            case .version(newest): new += 1
            case .version: between += 1
            case .torn, .garbage: torn += 1
            }
        }
        let parts = [(old, "old"), (new, "new"), (between, "in between"), (torn, "damaged")].filter { $0.0 > 0 }
        return "of \(sectors.count) sectors that were not durable: "
            + parts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }
}
