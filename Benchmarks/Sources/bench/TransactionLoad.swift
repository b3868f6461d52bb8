import Foundation

/// One cell of the transaction rows: what is done, by how many threads, and over which keys.
struct TransactionLoad: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        /// Reads a value and writes what follows from it.
        case modify = "transaction"
        /// Moves one from a value to another one, reading both.
        case transfer
        /// As the first, with one key for all.
        case counter
        /// Adds to one number by mutations, which read nothing.
        case mutate
    }

    let kind: Kind
    let isZipf: Bool
    let threads: Int

    static let threadCounts = [1, 2, 8]

    static let all = Kind.allCases.flatMap { kind in
        (kind == .counter || kind == .mutate ? [false] : [false, true]).flatMap { isZipf in
            threadCounts.map { TransactionLoad(kind: kind, isZipf: isZipf, threads: $0) }
        }
    }

    /// What is added to; no key of the data set.
    private static let number = Key(1)

    /// So many keys take part.
    static let accounts = 100_000

    struct Result {
        let operations: Int
        /// Attempts that had to be made again, for each hundred that succeeded.
        let abortsPerHundred: Double
        /// The most attempts that one transaction took.
        let mostAttempts: Int
        let cost: Cost
    }

    var row: Row {
        let name = "\(kind.rawValue)\(isZipf ? "-zipf" : ""):\(threads)"
        guard let row = Row(rawValue: name) else { preconditionFailure("no row \(name)") }
        return row
    }

    /// - Parameters:
    ///   - operations: Transactions of all threads together, at most.
    ///   - seconds: No thread begins a transaction after that long.
    func run(on store: Store, operations: Int, seconds: Double, count: Int, seed: Int) throws -> Result {
        let each = max(1, operations / threads)
        let keys = kind == .counter ? 1 : min(count, Self.accounts)
        let tally = Tally()
        let before = kind == .mutate ? UInt64(bitPattern: try Self.read(store)) : try Self.sum(store, keys: keys)
        let cost = try onThreads(threads) { [self] thread in
            let session = try store.session()
            var generator = Generator(seed: seed * 1_000 + threads * 10 + thread)
            let zipf = isZipf ? Zipf(keys) : nil
            func key() -> Key {
                Key((zipf?.next(&generator) ?? generator.below(keys)) * 2)
            }
            var attempts = 0
            var most = 0
            var done = 0
            let end = Clock.nanoseconds + UInt64(seconds * 1e9)
            while done < each, done & 63 != 0 || Clock.nanoseconds < end {
                let needed: Int
                switch kind {
                case .modify, .counter: needed = try Self.modify(session, key())
                case .transfer: needed = try Self.transfer(session, from: key(), to: key())
                case .mutate:
                    try session.mutate?(Self.number, 1)
                    needed = 1
                }
                guard needed > 0 else { throw Failure("A value is wrong or missing.") }
                attempts += needed
                most = max(most, needed)
                done += 1
            }
            tally.note(done: done, attempts: attempts, most: most)
        }
        let done = tally.done
        let after = kind == .mutate ? UInt64(bitPattern: try Self.read(store)) : try Self.sum(store, keys: keys)
        // A transfer leaves the sum as it was, and each of the others adds one to it.
        guard after == before &+ (kind == .transfer ? 0 : UInt64(done)) else {
            throw Failure("\(done) transactions of the row \(row.rawValue) changed the sum from \(before) to \(after).")
        }
        return Result(
            operations: done, abortsPerHundred: Double(tally.attempts - done) / Double(done) * 100,
            mostAttempts: tally.most, cost: cost)
    }

    /// - Returns: How many attempts it took; 0 when a value was wrong.
    private static func modify(_ session: Session, _ key: Key) throws -> Int {
        var isValid = true
        guard let modify = session.modify else { return 0 }
        let attempts = try modify(key) { old in
            isValid = isValid && Value.isValid(old, digits: key.digits)
            return Value(of: key, generation: Value.generation(old) &+ 1)
        }
        return isValid ? attempts : 0
    }

    private static func transfer(_ session: Session, from: Key, to: Key) throws -> Int {
        guard from.digits != to.digits else { return 1 }
        var isValid = true
        guard let transfer = session.transfer else { return 0 }
        let attempts = try transfer(from, to) { source, target in
            isValid =
                isValid && Value.isValid(source, digits: from.digits) && Value.isValid(target, digits: to.digits)
            return (
                Value(of: from, generation: Value.generation(source) &- 1),
                Value(of: to, generation: Value.generation(target) &+ 1)
            )
        }
        return isValid ? attempts : 0
    }

    private static func read(_ store: Store) throws -> Int64 {
        var number: Int64 = 0
        _ = try store.session().getNewest(Self.number) { value in
            number = Int64(littleEndian: value.loadUnaligned(as: Int64.self))
        }
        return number
    }

    private static func sum(_ store: Store, keys: Int) throws -> UInt64 {
        var sum: UInt64 = 0
        var left = keys
        try store.session().scan(nil, false) { _, value in
            sum &+= Value.generation(value)
            left -= 1
            return left > 0
        }
        return sum
    }

    /// What all threads needed.
    private final class Tally: @unchecked Sendable {
        // @unchecked: the numbers are only touched with the lock held, or after all threads have ended.
        private let lock = NSLock()
        private(set) var done = 0
        private(set) var attempts = 0
        private(set) var most = 0

        func note(done: Int, attempts: Int, most: Int) {
            lock.withLock {
                self.done += done
                self.attempts += attempts
                self.most = max(self.most, most)
            }
        }
    }
}

/// Numbers by Zipf's law with exponent 0.99, spread over the keys: the most frequent of 100,000 is every twelfth.
///
/// By the method of Gray et al., "Quickly Generating Billion-Record Synthetic Databases", 1994.
struct Zipf: Sendable {
    private static let exponent = 0.99
    private let count: Int
    private let alpha: Double
    private let zeta: Double
    private let eta: Double
    private let second: Double

    init(_ count: Int) {
        self.count = count
        zeta = (1...count).reduce(0) { $0 + 1 / pow(Double($1), Self.exponent) }
        second = 1 + pow(0.5, Self.exponent)
        alpha = 1 / (1 - Self.exponent)
        eta = (1 - pow(2 / Double(count), 1 - Self.exponent)) / (1 - second / zeta)
    }

    func next(_ generator: inout Generator) -> Int {
        let uniform = Double(generator.next() >> 11) / Double(1 << 53)
        let scaled = uniform * zeta
        let rank: Int
        if scaled < 1 {
            rank = 0
        } else if scaled < second {
            rank = 1
        } else {
            rank = min(count - 1, Int(Double(count) * pow(eta * uniform - eta + 1, alpha)))
        }
        // Odd and without a common factor with the count, so that ranks become different keys.
        return rank * 7_919 % count
    }
}
