import Foundation

extension Run {
    private static let seekLength = 10

    mutating func read(_ store: Store) throws {
        let rows: [Row] = [.get, .getTwo, .lend, .missing, .sequential, .reverse, .seek]
        guard rows.contains(where: wants) else { return }
        let session = try store.session()
        let order = order
        try Self.lookUp(order, session.get)
        for _ in 0..<options.repeats {
            if wants(.get) {
                record(.get, operations: order.count, try Clock.measure { try Self.lookUp(order, session.get) })
            }
            if wants(.lend), let lend = session.lend {
                record(.lend, operations: order.count, try Clock.measure { try Self.lookUp(order, lend) })
            }
            if wants(.missing) {
                let cost = try Clock.measure {
                    for number in order where try session.get(Key(Int(number) + 1), { _ in }) {
                        throw Failure("A missing key was found.")
                    }
                }
                record(.missing, operations: order.count, cost)
            }
            if wants(.sequential) {
                let cost = try Clock.measure { try Self.walk(session, isReverse: false, count: order.count) }
                record(.sequential, operations: order.count, cost)
            }
            if wants(.reverse) {
                let cost = try Clock.measure { try Self.walk(session, isReverse: true, count: order.count) }
                record(.reverse, operations: order.count, cost)
            }
            if wants(.seek) {
                let seeks = max(1, order.count / 4)
                let cost = try Clock.measure { try Self.seek(session, order[..<seeks], count: order.count) }
                record(.seek, operations: seeks, cost)
            }
            if wants(.getTwo) { try readOnTwoThreads(store) }
        }
    }

    private mutating func readOnTwoThreads(_ store: Store) throws {
        let prepared = Prepared(try [store.session(), store.session()])
        // Where every session has a cache of its own, each has to be filled.
        for session in prepared.sessions { try Self.lookUp(order, session.get) }
        let cost = try onThreads(2) { [order] thread in
            try Self.lookUp(order, from: thread * (order.count / 2), prepared.sessions[thread].get)
        }
        prepared.release()
        record(.getTwo, operations: order.count * 2, cost)
    }

    /// Sessions made by one thread and used by another one each.
    private final class Prepared: @unchecked Sendable {
        // @unchecked: `sessions` is not changed while several threads run.
        private(set) var sessions: [Session]

        init(_ sessions: [Session]) { self.sessions = sessions }

        /// A thread may keep its closure a moment after it is done, and sessions have to go before the store does.
        func release() { sessions = [] }
    }

    // MARK: Checked readings

    static func lookUp(_ order: [UInt32], from start: Int = 0, _ get: Session.Get) throws {
        // Another order than that of writing: its neighbours are not neighbours in the log.
        let stride = 7_919
        var place = start
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

    /// Whatever is there must be a value of its key.
    static func checkAll(_ session: Session, isEmptyRight: Bool) throws {
        var seen = 0
        var isValid = true
        try session.scan(nil, false) { key, value in
            seen += 1
            isValid = isValid && Key.digits(of: key).map { Value.isValid(value, digits: $0) } ?? false
            return isValid
        }
        guard isValid, seen > 0 || isEmptyRight else { throw Failure("A value is wrong or missing.") }
    }
}
