import Foundation

/// One run of one engine: all rows that are wanted and that it can do, each with its state prepared.
struct Run {
    let engine: Engine
    let options: Options
    let workspace: Workspace
    let number: Int
    /// The numbers of the data set in the order in which they are written.
    let order: [UInt32]
    private(set) var samples: [Sample] = []
    private(set) var version = ""

    init(engine: Engine, options: Options, workspace: Workspace, number: Int, order: [UInt32]) {
        self.engine = engine
        self.options = options
        self.workspace = workspace
        self.number = number
        self.order = order
    }

    private static let reopenings = 9
    private static let syncRows: [Row] = [.rawSync, .rawDurableWrite, .synced, .syncedFour, .syncedSixteen]

    mutating func run() throws {
        // What the engine before has left to write is not to be written beside this one.
        Foundation.sync()
        if Row.allCases.contains(where: { !Self.syncRows.contains($0) && wants($0) }) {
            let folder = try workspace.folder(engine.name)
            defer { workspace.remove(folder) }
            try fillAndClose(folder)
            try reopen(folder)
            let store = try engine.open(folder, false)
            try closing(store) { run in
                try run.read(store)
                try run.write(store)
                try run.compact(store)
                try run.erase(store)
            }
        }
        if Self.syncRows.contains(where: wants) { try putSynced() }
    }

    /// Closes the store at the end, after a failure too.
    private mutating func closing(_ store: Store, _ body: (inout Run) throws -> Void) throws {
        do {
            try body(&self)
        } catch {
            try? store.close()
            throw error
        }
        try store.close()
    }

    func wants(_ row: Row) -> Bool {
        // Nobody's goal depends on the second of the device's rates, so that one engine's runs are enough for it.
        if row == .rawDurableWrite, engine.name != Comparison.ownName { return false }
        return options.wants(row) && engine.facts.lacks[row.rawValue] == nil
    }

    // MARK: Recording

    mutating func record(_ row: Row, _ value: Double, cpuNanoseconds: Double = 0) {
        guard wants(row) else { return }
        add(Sample(engine: engine.name, row: row, run: number, value: value, cpuNanoseconds: cpuNanoseconds))
    }

    mutating func add(_ sample: Sample) { samples.append(sample) }

    mutating func record(_ row: Row, operations: Int, _ cost: Cost) {
        record(
            row, Double(operations) / cost.seconds, cpuNanoseconds: cost.cpuSeconds / Double(operations) * 1e9)
    }

    // MARK: Filling

    private mutating func fillAndClose(_ folder: String) throws {
        let store = try engine.open(folder, false)
        version = store.version
        try closing(store) { run in
            let order = run.order
            let cost = try Clock.measure {
                let session = try store.session()
                for number in order {
                    let key = Key(Int(number))
                    try session.put(key, Value(of: key, generation: 0))
                }
            }
            run.record(.fill, operations: order.count, cost)
            try store.flush()
            try run.workspace.checkFileSystem(of: folder)
        }
        let size = Workspace.size(of: folder)
        record(.bytes, Double(size.length) / 1e6)
        record(.allocated, Double(size.allocated) / 1e6)
    }

    private mutating func reopen(_ folder: String) throws {
        guard wants(.reopen) else { return }
        var times: [Double] = []
        for _ in 0..<Self.reopenings {
            var store: Store?
            times.append(try Clock.measure { store = try engine.open(folder, false) }.seconds * 1e3)
            try store?.close()
        }
        record(.reopen, times.sorted()[Self.reopenings / 2])
    }

    // MARK: Syncing

    /// Synced puts and the device's own rate, alternating, since the device's speed changes over time.
    private mutating func putSynced() throws {
        let folder = try workspace.folder(engine.name + "-synced")
        defer { workspace.remove(folder) }
        let rawPath = workspace.path + "/raw"
        let raw = DeviceSync(path: rawPath, seconds: options.syncSeconds)
        defer { workspace.remove(rawPath) }
        let store = try engine.open(folder, true)
        version = store.version
        try closing(store) { run in
            for (row, threads) in [(Row.synced, 1), (.syncedFour, 4), (.syncedSixteen, 16)] {
                // Every goal of these rows is a share of the device's rate, so that it is never left out.
                if run.wants(row) || run.wants(.rawSync) { run.recordRaw(.rawSync, try raw.writesAndSyncs()) }
                if run.wants(.rawDurableWrite) { run.recordRaw(.rawDurableWrite, try raw.durableWrites()) }
                guard run.wants(row) else { continue }
                let seconds = run.options.syncSeconds
                let done = Done()
                let cost = try onThreads(threads) { [count = run.order.count, number = run.number] thread in
                    let session = try store.session()
                    var generator = Generator(seed: number * 100 + thread)
                    let end = Clock.nanoseconds + UInt64(seconds * 1e9)
                    var operations = 0
                    while Clock.nanoseconds < end {
                        let key = Key(generator.below(count) * 2)
                        try session.put(key, Value(of: key, generation: UInt64(operations)))
                        operations += 1
                    }
                    done.note(operations)
                }
                run.record(row, operations: done.total, cost)
                try Self.checkAll(try store.session(), isEmptyRight: done.total == 0)
            }
            try run.workspace.checkFileSystem(of: folder)
        }
    }

    private mutating func recordRaw(_ row: Row, _ value: Double) {
        add(Sample(engine: engine.name, row: row, run: number, value: value, cpuNanoseconds: 0))
    }

    /// Operations of several threads.
    private final class Done: @unchecked Sendable {
        // @unchecked: `total` is only touched with the lock held, or after all threads have ended.
        private let lock = NSLock()
        private(set) var total = 0

        func note(_ operations: Int) { lock.withLock { total += operations } }
    }
}
