internal import LSMTxSimulation
internal import Synchronization

/// The transactions of a workload.
///
/// Every value is given once: a number that nobody else gets is part of it, so that a checker knows the writer of
/// whatever was read. Most workloads go on to new keys after a while, since the versions of a key that is used for ever
/// make each of its lists and searches longer.
///
/// Whoever deletes also puts, so that a store that is opened after a crash can say by the value whether the transaction
/// took effect.
final class WorkloadSteps: Sendable {
    private let workload: Workload
    private let counter = Atomic<Int>(0)

    init(_ workload: Workload) { self.workload = workload }

    /// How many keys a ring has, and how many accounts the bank.
    static let nodes = 16
    static let firstBalance = 100

    private func number() -> Int { counter.add(1, ordering: .relaxed).newValue }
    private var latest: Int { counter.load(ordering: .relaxed) }

    /// What must be there before the threads begin; `nil` if nothing must.
    var setUp: ((RecordedTransaction) throws -> Void)? {
        switch workload {
        case .listAppend, .register, .rangeAppend: return nil
        case .ring:
            return { transaction in
                for node in 0..<Self.nodes {
                    try transaction.put(Self.key("n", node), self.tagged((node + 1) % Self.nodes))
                }
            }
        case .bank:
            return { transaction in
                for account in 0..<Self.nodes {
                    try transaction.put(Self.key("a", account), self.tagged(Self.firstBalance))
                }
            }
        }
    }

    /// One transaction, without its end.
    func run(_ transaction: RecordedTransaction, _ random: inout SeededGenerator) throws {
        switch workload {
        case .listAppend: try appendToLists(transaction, &random)
        case .register: try useRegisters(transaction, &random)
        case .rangeAppend: try insertIntoRanges(transaction, &random)
        case .ring: try turnRing(transaction, &random)
        case .bank: try transfer(transaction, &random)
        }
    }

    /// Looks at everything, lists one by one too: Elle's checker knows no scans.
    func lookAtAll(_ transaction: RecordedTransaction) throws {
        try transaction.scanAll()
        guard workload == .listAppend else { return }
        for key in (0..<Self.listsAtOnce) { _ = try transaction.get(Self.key("l", listWindow + key)) }
    }

    // MARK: Lists

    private static let listsAtOnce = 16
    private static let elementsPerList = 16
    private var listWindow: Int { latest / (Self.listsAtOnce * Self.elementsPerList) * Self.listsAtOnce }

    private func appendToLists(_ transaction: RecordedTransaction, _ random: inout SeededGenerator) throws {
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let window = listWindow
            let key = Self.key("l", window + Int.random(in: 0..<Self.listsAtOnce, using: &random))
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5: try transaction.append(key, .integer(number()))
            case 5..<9: _ = try transaction.get(key)
            default: try transaction.scan(from: key, to: Self.key("l", window + Self.listsAtOnce), limit: 4)
            }
        }
    }

    // MARK: Registers

    private static let registersAtOnce = 32
    private static let valuesPerRegister = 16
    private var registerWindow: Int {
        latest / (Self.registersAtOnce * Self.valuesPerRegister) * Self.registersAtOnce
    }

    private func useRegisters(_ transaction: RecordedTransaction, _ random: inout SeededGenerator) throws {
        var putsKey = false
        var deletion: String?
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let window = registerWindow
            let place = Int.random(in: 0..<Self.registersAtOnce, using: &random)
            let key = Self.key("r", window + place)
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<8: _ = try transaction.get(key)
            case 8..<15:
                try transaction.put(key, .integer(number()))
                putsKey = true
            // What is absent has no unique value, so only some keys are ever deleted.
            case 15 where place % 8 == 0: deletion = key
            default:
                try transaction.scan(
                    from: key, to: Self.key("r", window + place + 8),
                    limit: Bool.random(using: &random) ? nil : Int.random(in: 1...4, using: &random),
                    isReverse: Bool.random(using: &random))
            }
        }
        guard let deletion else { return }
        try transaction.delete(deletion)
        if !putsKey { try transaction.put(Self.key("r", registerWindow + 1), .integer(number())) }
    }

    // MARK: Ranges

    private static let keysPerPrefix = 16
    private static let prefixesAtOnce = 8

    private func insertIntoRanges(_ transaction: RecordedTransaction, _ random: inout SeededGenerator) throws {
        let newest = latest / Self.keysPerPrefix
        func prefix(_ random: inout SeededGenerator) -> String {
            Self.key("p", max(0, newest - Int.random(in: 0..<Self.prefixesAtOnce, using: &random))) + "/"
        }
        var seen: [String] = []
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            let prefix = prefix(&random)
            // The byte behind the slash ends the prefix.
            let pairs = try transaction.scan(
                from: prefix, to: String(prefix.dropLast()) + "0",
                limit: Int.random(in: 0..<3, using: &random) == 0 ? Int.random(in: 1...6, using: &random) : nil,
                isReverse: Bool.random(using: &random))
            seen += pairs.map(\.key)
        }
        guard Int.random(in: 0..<4, using: &random) > 0 else { return }
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            let number = number()
            try transaction.put(prefix(&random) + Self.padded(number), .integer(number))
        }
        if Int.random(in: 0..<10, using: &random) == 0, let key = seen.randomElement(using: &random) {
            try transaction.delete(key)
        }
    }

    // MARK: Ring and bank

    /// Takes a node out of the ring and puts it in again behind its successor.
    private func turnRing(_ transaction: RecordedTransaction, _ random: inout SeededGenerator) throws {
        if Int.random(in: 0..<6, using: &random) == 0 {
            try transaction.scan(from: "n", to: "o", isReverse: Bool.random(using: &random))
            return
        }
        let first = Int.random(in: 0..<Self.nodes, using: &random)
        let second = try node(after: first, transaction)
        let third = try node(after: second, transaction)
        let fourth = try node(after: third, transaction)
        try transaction.put(Self.key("n", first), tagged(third))
        try transaction.put(Self.key("n", second), tagged(fourth))
        try transaction.put(Self.key("n", third), tagged(second))
    }

    private func node(after node: Int, _ transaction: RecordedTransaction) throws -> Int {
        Self.untagged(try transaction.get(Self.key("n", node)))
    }

    private func transfer(_ transaction: RecordedTransaction, _ random: inout SeededGenerator) throws {
        if Int.random(in: 0..<6, using: &random) == 0 {
            try transaction.scan(from: "a", to: "b")
            return
        }
        let from = Int.random(in: 0..<Self.nodes, using: &random)
        let to = (from + Int.random(in: 1..<Self.nodes, using: &random)) % Self.nodes
        let balance = Self.untagged(try transaction.get(Self.key("a", from)))
        let other = Self.untagged(try transaction.get(Self.key("a", to)))
        guard balance > 0 else { return }
        let amount = Int.random(in: 1...balance, using: &random)
        if amount == balance {
            // An account without money is none.
            try transaction.delete(Self.key("a", from))
        } else {
            try transaction.put(Self.key("a", from), tagged(balance - amount))
        }
        try transaction.put(Self.key("a", to), tagged(other + amount))
    }

    /// A number that is not unique, with one that is.
    private func tagged(_ value: Int) -> HistoryValue { .text("\(value)#\(number())") }

    /// The number without its tag; 0 if there is none.
    static func untagged(_ value: HistoryValue?) -> Int {
        guard case .text(let text) = value else { return 0 }
        return Int(text.prefix { $0 != "#" }) ?? 0
    }

    static func key(_ prefix: String, _ number: Int) -> String { prefix + padded(number) }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }
}
