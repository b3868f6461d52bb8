package import LSMTx

/// The transactions of the crash test: each thread commits numbered ones, so that what a file must hold follows from
/// the last number of each thread alone.
///
/// Transaction n of a thread, from 1:
/// 1. puts two or three keys that carry n, so that a half of it can be told from the whole;
/// 2. deletes those of transaction n - ``window``, so that the file stays small and deletions are tested too;
/// 3. sets the thread's own record of its last number;
/// 4. every ``tallyStep``-th time adds one to a tally that all threads share, so that commits conflict and a lost
///    update shows.
///
/// A thread acknowledges n after its commit returned and before it begins n + 1. So with A its last acknowledged and
/// L its last stored number, L is A or A + 1, and exactly the keys of the transactions in (L - window, L] are there.
package enum TortureLoad {
    package static let window = 1000
    package static let tallyStep = 16
    static let root = "torture/"
    static let tally = Array("\(root)tally".utf8)
    static let lastPrefix = "\(root)last/"

    static func last(_ thread: Int) -> [UInt8] { Array("\(lastPrefix)\(padded(thread, 3))".utf8) }
    static func prefix(_ thread: Int) -> [UInt8] { Array("\(root)data/\(padded(thread, 3))/".utf8) }

    static func parts(_ number: Int) -> Int { number.isMultiple(of: 3) ? 3 : 2 }

    static func key(_ thread: Int, _ number: Int, _ part: Int) -> [UInt8] {
        prefix(thread) + Array("\(padded(number, 12))/\(part)".utf8)
    }

    /// Mostly some ten bytes, now and then more than a block, seldom more than is stored among the keys.
    static func value(_ thread: Int, _ number: Int, _ part: Int) -> [UInt8] {
        let count =
            if part == 0, number.isMultiple(of: 251) {
                70_000
            } else if number.isMultiple(of: 97) {
                5000
            } else {
                (number &* 31 &+ thread &* 7 &+ part) % 120
            }
        let filler = UInt8(truncatingIfNeeded: number &+ thread)
        return Array("\(number):".utf8) + [UInt8](repeating: filler, count: count)
    }

    /// Commits transaction `number` of `thread`.
    package static func commit(
        _ number: Int, thread: Int, to database: Database, durability: Durability
    ) throws {
        try database.write(durability: durability) { transaction in
            for part in 0..<parts(number) {
                try transaction.put(key(thread, number, part), value(thread, number, part))
            }
            let expired = number - window
            if expired > 0 {
                for part in 0..<parts(expired) { try transaction.delete(key(thread, expired, part)) }
            }
            try transaction.put(last(thread), String(number))
            if number.isMultiple(of: tallyStep) {
                let count = try transaction.get(tally).flatMap(Self.number) ?? 0
                try transaction.put(tally, String(count + 1))
            }
        }
    }

    /// The number of the last transaction of `thread` that is stored; 0 when none is.
    package static func lastNumber(of thread: Int, in reader: some Readable) throws -> Int {
        guard let stored = try reader.get(last(thread)) else { return 0 }
        guard let number = number(stored) else {
            throw Failure(.badData, "The record of thread \(thread) is not a number.")
        }
        return number
    }

    static func number(_ bytes: [UInt8]) -> Int? { Int(String(decoding: bytes, as: UTF8.self)) }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

/// The last number that each thread acknowledged.
package struct Acknowledgements: Sendable, Equatable {
    package private(set) var last: [Int: Int] = [:]
    package private(set) var count = 0

    package init() {}

    /// Takes in one line, `thread number`. A line that the kill cut short was not acknowledged.
    package mutating func add(line: some Collection<UInt8>) {
        let words = line.split(separator: UInt8(ascii: " ")).map { TortureLoad.number(Array($0)) }
        guard words.count == 2, let thread = words[0], let number = words[1] else { return }
        last[thread] = max(last[thread] ?? 0, number)
        count += 1
    }

    static func line(thread: Int, number: Int) -> [UInt8] { Array("\(thread) \(number)\n".utf8) }
}

/// What is in the file, compared with what must be.
package struct TortureVerdict: Sendable {
    /// The last stored number of each thread.
    package private(set) var stored: [Int: Int] = [:]
    /// Transactions that are stored although nobody was told.
    package private(set) var unacknowledged = 0
    /// What is wrong; the first few of each thread.
    package private(set) var problems: [String] = []

    package init(_ snapshot: Snapshot, acknowledged: Acknowledgements) throws {
        var threads = Set(acknowledged.last.keys)
        let lastPrefix = Array(TortureLoad.lastPrefix.utf8)
        try snapshot.forEach(KeyRange(prefix: lastPrefix), reverse: false) { key, _ in
            if let thread = TortureLoad.number(Array(key.bytes.dropFirst(lastPrefix.count))) { threads.insert(thread) }
            return true
        }
        for thread in threads.sorted() { try verify(thread, acknowledged.last[thread] ?? 0, snapshot) }
        let expected = stored.values.reduce(0) { $0 + $1 / TortureLoad.tallyStep }
        let tally = try snapshot.get(TortureLoad.tally).flatMap(TortureLoad.number) ?? 0
        if tally != expected { problems.append("the shared tally is \(tally) instead of \(expected)") }
    }

    private mutating func verify(_ thread: Int, _ acknowledged: Int, _ snapshot: Snapshot) throws {
        let last = try TortureLoad.lastNumber(of: thread, in: snapshot)
        stored[thread] = last
        if last < acknowledged {
            problems.append("thread \(thread): \(acknowledged) was acknowledged, but the last stored is \(last)")
        } else if last > acknowledged + 1 {
            problems.append("thread \(thread): \(last) is stored, but after \(acknowledged) only one can have begun")
        }
        unacknowledged += max(0, last - acknowledged)

        var number = max(1, last - TortureLoad.window + 1)
        var part = 0
        var found: [String] = []
        try snapshot.forEach(KeyRange(prefix: TortureLoad.prefix(thread)), reverse: false) { key, value in
            let (key, value) = (key.bytes, value.bytes)
            guard number <= last, key == TortureLoad.key(thread, number, part) else {
                let expected = number <= last ? "part \(part) of transaction \(number)" : "the end"
                found.append("thread \(thread): \(Escaping.terminal(key)) is there instead of \(expected)")
                return false
            }
            if value != TortureLoad.value(thread, number, part) {
                found.append("thread \(thread): \(Escaping.terminal(key)) has a value of another transaction")
            }
            part += 1
            if part == TortureLoad.parts(number) {
                part = 0
                number += 1
            }
            return found.count < 5
        }
        if found.isEmpty, number <= last {
            found.append("thread \(thread): part \(part) of transaction \(number) is missing")
        }
        problems += found
    }
}
