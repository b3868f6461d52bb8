internal import LSMTxSimulation

/// The orders of several programs' steps: all, or a sample of them. An order says whose step is next, by the program's
/// number.
struct StepOrders: IteratorProtocol {
    private let lengths: [Int]
    private var order: [Int]?
    /// Of a sample: how many are left, and where they come from.
    private var left: Int?
    private var generator = SeededGenerator(seed: 0)

    init(_ explore: Spec.Explore) {
        lengths = explore.sessions.map(\.steps.count)
        // The first order in the lexicographic one: each program as a whole.
        order = lengths.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
        if case .sample(let count, let seed) = explore.coverage {
            left = count
            generator = SeededGenerator(seed: seed)
        }
    }

    mutating func next() -> [Int]? {
        if let left {
            guard left > 0 else { return nil }
            self.left = left - 1
            // Every order is as likely as every other one, and may come again.
            return order?.shuffled(using: &generator)
        }
        guard let current = order else { return nil }
        order = Self.successor(of: current)
        return current
    }

    /// The next order in the lexicographic one.
    private static func successor(of order: [Int]) -> [Int]? {
        var order = order
        guard let rising = order.indices.dropLast().last(where: { order[$0] < order[$0 + 1] }),
            let larger = order.lastIndex(where: { $0 > order[rising] })
        else { return nil }
        order.swapAt(rising, larger)
        order[(rising + 1)...].reverse()
        return order
    }
}
