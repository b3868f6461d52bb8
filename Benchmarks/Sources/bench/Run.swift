import Foundation

/// One run of one engine: all rows that are wanted, each with its state prepared.
struct Run {
    let engine: Engine
    let options: Options
    let number: Int
    /// The numbers of the data set in the order in which they are written.
    let order: [UInt32]
    private(set) var samples: [Sample] = []

    init(engine: Engine, options: Options, number: Int, order: [UInt32]) {
        self.engine = engine
        self.options = options
        self.number = number
        self.order = order
    }

    private static let reopenings = 9
    private static let seekLength = 10
    private static let syncRows: [Row] = [.rawSync, .rawDurableWrite, .synced, .syncedFour, .syncedSixteen]

    mutating func run() throws {
        let path = options.directory + "/bench-\(engine.name)-\(ProcessInfo.processInfo.processIdentifier).db"
        defer { remove(path) }
        if options.wants(Row.allCases.filter { !Self.syncRows.contains($0) }) {
            remove(path)
            try fillAndClose(path)
            try reopen(path)
            let store = try engine.open(path)
            try read(store)
            try write(store)
            try compact(store)
            try erase(store)
            try store.close()
            remove(path)
        }
        if options.wants(Self.syncRows) { try sync(path) }
    }

    private func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    // MARK: Recording

    private mutating func record(_ row: Row, _ value: Double, cpuNanoseconds: Double = 0) {
        guard options.wants(row) else { return }
        recordAlways(row, value, cpuNanoseconds: cpuNanoseconds)
    }

    private mutating func recordAlways(_ row: Row, _ value: Double, cpuNanoseconds: Double = 0) {
        samples.append(
            Sample(engine: engine.name, row: row, run: number, value: value, cpuNanoseconds: cpuNanoseconds))
    }

    private mutating func record(_ row: Row, operations: Int, _ cost: Cost) {
        record(
            row, Double(operations) / cost.seconds, cpuNanoseconds: cost.cpuSeconds / Double(operations) * 1e9)
    }

    // MARK: Filling

    private mutating func fillAndClose(_ path: String) throws {
        let store = try engine.open(path)
        let order = order
        let cost = try Clock.measure {
            let session = try store.session()
            for number in order {
                let key = Key(Int(number))
                try session.put(key, Value(of: key, generation: 0), false)
            }
        }
        record(.fill, operations: order.count, cost)
        try store.flush()
        try store.close()
        var status = stat()
        guard stat(path, &status) == 0 else { throw Failure("\(path) is not there after the close.") }
        record(.bytes, Double(status.st_size) / 1e6)
        record(.allocated, Double(status.st_blocks) * 512 / 1e6)
    }

    private mutating func reopen(_ path: String) throws {
        guard options.wants(.reopen) else { return }
        var times: [Double] = []
        for _ in 0..<Self.reopenings {
            var store: Store?
            times.append(try Clock.measure { store = try engine.open(path) }.seconds * 1e3)
            try store?.close()
        }
        record(.reopen, times.sorted()[Self.reopenings / 2])
    }

    // MARK: Reading

    private mutating func read(_ store: Store) throws {
        guard options.wants([.get, .lend, .missing, .sequential, .reverse, .seek]) else { return }
        let session = try store.session()
        let order = order
        try Self.lookUp(order, session.get)
        for _ in 0..<options.repeats {
            if options.wants(.get) {
                record(.get, operations: order.count, try Clock.measure { try Self.lookUp(order, session.get) })
            }
            if options.wants(.lend) {
                record(.lend, operations: order.count, try Clock.measure { try Self.lookUp(order, session.lend) })
            }
            if options.wants(.missing) {
                let cost = try Clock.measure {
                    for number in order where try session.get(Key(Int(number) + 1), { _ in }) {
                        throw Failure("A missing key was found.")
                    }
                }
                record(.missing, operations: order.count, cost)
            }
            if options.wants(.sequential) {
                let cost = try Clock.measure { try Self.walk(session, isReverse: false, count: order.count) }
                record(.sequential, operations: order.count, cost)
            }
            if options.wants(.reverse) {
                let cost = try Clock.measure { try Self.walk(session, isReverse: true, count: order.count) }
                record(.reverse, operations: order.count, cost)
            }
            if options.wants(.seek) {
                let seeks = max(1, order.count / 4)
                let cost = try Clock.measure { try Self.seek(session, order[..<seeks], count: order.count) }
                record(.seek, operations: seeks, cost)
            }
        }
    }

    private static func lookUp(
        _ order: [UInt32], _ get: (Key, (UnsafeRawBufferPointer) -> Void) throws -> Bool
    ) throws {
        // Another order than that of writing: its neighbours are not neighbours in the log.
        let stride = 7_919
        var place = 0
        var isValid = true
        for _ in order.indices {
            place += stride
            if place >= order.count { place %= order.count }
            let key = Key(Int(order[place]))
            let isThere = try get(key) { isValid = isValid && Value.isValid($0, digits: key.digits) }
            guard isThere, isValid else { throw Failure("A value is wrong or missing.") }
        }
    }

    private static func walk(_ session: Session, isReverse: Bool, count: Int) throws {
        var seen = 0
        var isValid = true
        var last = isReverse ? UInt64.max : 0
        try session.scan(nil, isReverse) { key, value in
            seen += 1
            guard let digits = Key.digits(of: key) else {
                isValid = false
                return false
            }
            let place = digits.bigEndian
            isValid = isValid && (isReverse ? place < last : place > last) && Value.isValid(value, digits: digits)
            last = place
            return true
        }
        guard isValid, seen == count else { throw Failure("A scan showed \(seen) of \(count) entries, or wrong ones.") }
    }

    private static func seek(_ session: Session, _ numbers: ArraySlice<UInt32>, count: Int) throws {
        for number in numbers {
            var seen = 0
            var isValid = true
            var expected = Int(number)
            try session.scan(Key(expected), false) { key, value in
                let digits = Key(expected).digits
                isValid = isValid && Key.digits(of: key) == digits && Value.isValid(value, digits: digits)
                expected += 2
                seen += 1
                return seen < Self.seekLength
            }
            guard isValid, seen == min(Self.seekLength, count - Int(number) / 2) else {
                throw Failure("A seek found wrong entries.")
            }
        }
    }

    // MARK: Writing

    private mutating func write(_ store: Store) throws {
        if options.wants(.mixed) {
            let each = max(1, order.count / 4)
            let cost = try onThreads(2) { [count = order.count, number] thread in
                try Self.mix(try store.session(), operations: each, count: count, seed: number * 100 + thread)
            }
            record(.mixed, operations: each * 2, cost)
        }
        for load in TransactionLoad.all where options.wants(load.row) {
            let result = try load.run(on: store, operations: max(1, order.count / 4), count: order.count, seed: number)
            samples.append(
                Sample(
                    engine: engine.name, row: load.row, run: number,
                    value: Double(result.operations) / result.cost.seconds,
                    cpuNanoseconds: result.cost.cpuSeconds / Double(result.operations) * 1e9,
                    abortsPerHundred: result.abortsPerHundred, mostAttempts: result.mostAttempts))
        }
    }

    private static let erasures = 1_000

    /// Deletes half of the keys again and again, which lie in memory and in tables, while others commit elsewhere.
    private mutating func erase(_ store: Store) throws {
        guard options.wants(.erase) else { return }
        let session = try store.session()
        for number in order { try session.put(Key(Int(number)), Value(of: Key(Int(number)), generation: 1), false) }
        let end = Key(order.count)
        let elsewhere = Key(order.count * 2)
        let cost = try Clock.measure {
            for generation in 0..<Self.erasures {
                try session.erase(Key(0), end) {
                    try session.put(elsewhere, Value(of: elsewhere, generation: UInt64(generation)), false)
                }
            }
        }
        record(.erase, operations: Self.erasures, cost)
    }

    /// Writes every key twice more, and measures how long it takes to have each once again.
    private mutating func compact(_ store: Store) throws {
        guard options.wants(.compact) else { return }
        let session = try store.session()
        for generation in 1...2 as ClosedRange<UInt64> {
            for number in order {
                let key = Key(Int(number))
                try session.put(key, Value(of: key, generation: generation), false)
            }
        }
        try store.flush()
        let cost = try Clock.measure { try store.compact() }
        record(.compact, cost.seconds * 1e3, cpuNanoseconds: cost.cpuSeconds / Double(order.count) * 1e9)
    }

    private static func mix(_ session: Session, operations: Int, count: Int, seed: Int) throws {
        var generator = Generator(seed: seed)
        var isValid = true
        for operation in 0..<operations {
            let key = Key(generator.below(count) * 2)
            if operation & 1 == 0 {
                let isThere = try session.getNewest(key) {
                    isValid = isValid && Value.isValid($0, digits: key.digits)
                }
                guard isThere, isValid else { throw Failure("A value is wrong or missing.") }
            } else {
                try session.put(key, Value(of: key, generation: UInt64(operation)), false)
            }
        }
    }

    // MARK: Syncing

    /// Synced puts and the device's own rate, alternating, since the device's speed changes over time.
    private mutating func sync(_ path: String) throws {
        let raw = DeviceSync(path: path + "-raw", seconds: options.syncSeconds)
        defer { remove(path + "-raw") }
        remove(path)
        let store = try engine.open(path)
        for (row, threads) in [(Row.synced, 1), (.syncedFour, 4), (.syncedSixteen, 16)] {
            if options.wants(row) || options.wants(.rawSync) { recordAlways(.rawSync, try raw.writesAndSyncs()) }
            if options.wants(.rawDurableWrite) { record(.rawDurableWrite, try raw.durableWrites()) }
            guard options.wants(row) else { continue }
            let seconds = options.syncSeconds
            let done = Done()
            let cost = try onThreads(threads) { [count = order.count, number] thread in
                let session = try store.session()
                var generator = Generator(seed: number * 100 + thread)
                let end = Clock.nanoseconds + UInt64(seconds * 1e9)
                var operations = 0
                while Clock.nanoseconds < end {
                    let key = Key(generator.below(count) * 2)
                    try session.put(key, Value(of: key, generation: UInt64(operations)), true)
                    operations += 1
                }
                done.note(operations)
            }
            record(row, operations: done.total, cost)
        }
        try store.close()
        remove(path)
    }

    /// Operations of several threads.
    private final class Done: @unchecked Sendable {
        // @unchecked: `total` is only touched with the lock held, or after all threads have ended.
        private let lock = NSLock()
        private(set) var total = 0

        func note(_ operations: Int) { lock.withLock { total += operations } }
    }
}
