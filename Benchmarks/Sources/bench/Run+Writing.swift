import Foundation

extension Run {
    private static let erasures = 1_000

    mutating func write(_ store: Store) throws {
        if wants(.mixed) {
            let each = max(1, order.count / 4)
            let cost = try onThreads(2) { [count = order.count, number] thread in
                try Self.mix(try store.session(), operations: each, count: count, seed: number * 100 + thread)
            }
            record(.mixed, operations: each * 2, cost)
        }
        for load in TransactionLoad.all where wants(load.row) {
            let result = try load.run(
                on: store, operations: max(1, order.count / 4), seconds: options.rowSeconds, count: order.count,
                seed: number)
            add(
                Sample(
                    engine: engine.name, row: load.row, run: number,
                    value: Double(result.operations) / result.cost.seconds,
                    cpuNanoseconds: result.cost.cpuSeconds / Double(result.operations) * 1e9,
                    abortsPerHundred: result.abortsPerHundred, mostAttempts: result.mostAttempts))
        }
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
                try session.put(key, Value(of: key, generation: UInt64(operation)))
            }
        }
    }

    /// Writes every key twice more, and measures how long it takes to have each once again.
    mutating func compact(_ store: Store) throws {
        guard wants(.compact), let compact = store.compact else { return }
        let order = order
        try Self.overwrite(store, order, generations: 1...2)
        if !store.flushCompacts { try store.flush() }
        let cost = try Clock.measure { try compact() }
        record(.compact, cost.seconds * 1e3, cpuNanoseconds: cost.cpuSeconds / Double(order.count) * 1e9)
        try Self.lookUp(Array(order.prefix(order.count / 16 + 1)), try store.session().getNewest)
    }

    private static func overwrite(_ store: Store, _ order: [UInt32], generations: ClosedRange<UInt64>) throws {
        let session = try store.session()
        for generation in generations {
            for number in order {
                let key = Key(Int(number))
                try session.put(key, Value(of: key, generation: generation))
            }
        }
    }

    /// Deletes half of the keys again and again, which lie in memory and in tables, while others commit elsewhere.
    mutating func erase(_ store: Store) throws {
        guard wants(.erase) else { return }
        let order = order
        try Self.overwrite(store, order, generations: 1...1)
        let session = try store.session()
        guard let erase = session.erase else { return }
        let end = Key(order.count & ~1)
        let elsewhere = Key(order.count * 2)
        let cost = try Clock.measure {
            for generation in 0..<Self.erasures {
                try erase(Key(0), end) {
                    try session.put(elsewhere, Value(of: elsewhere, generation: UInt64(generation)))
                }
            }
        }
        record(.erase, operations: Self.erasures, cost)
        let left = order.count - order.count / 2
        try Self.checkErased(try store.session(), end: end, left: left, elsewhere: elsewhere)
    }

    private static func checkErased(_ session: Session, end: Key, left: Int, elsewhere: Key) throws {
        var seen = 0
        var isRight = true
        var last: UInt64 = 0
        try session.scan(nil, false) { key, _ in
            last = Key.digits(of: key) ?? 0
            isRight = isRight && last.bigEndian >= end.digits.bigEndian
            seen += 1
            return isRight
        }
        guard isRight, last == elsewhere.digits, seen == left + 1 else {
            throw Failure("A range deletion has deleted too little or too much.")
        }
    }
}
