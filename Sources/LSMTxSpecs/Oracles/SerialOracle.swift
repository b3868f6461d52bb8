/// Whether transactions can have run one after the other: every order is tried on a plain ordered map.
///
/// An order is given up as soon as one of its transactions would have read something else than it has. What is left at
/// the end must be what is stored.
///
/// Each order costs as much as running the transactions, and there are *k*! for *k* transactions.
package struct SerialOracle {
    private let setup: OracleMap
    private let final: OracleMap?
    private let isStrict: Bool
    /// How many whole orders were tried.
    package private(set) var tried = 0

    /// - Parameters:
    ///   - setup: What was stored at first.
    ///   - final: What is stored at the end; `nil` if that does not matter.
    ///   - isStrict: Whether a transaction comes after all that had ended before it began.
    package init(from setup: OracleMap, to final: OracleMap?, isStrict: Bool) {
        self.setup = setup
        self.final = final
        self.isStrict = isStrict
    }

    /// Whether some order explains the transactions, all of which have taken effect.
    package mutating func accepts(_ transactions: [OracleTransaction]) -> Bool {
        // The order of the commits is the likeliest.
        accepts(transactions.sorted { $0.ended < $1.ended }[...], at: setup)
    }

    private mutating func accepts(_ rest: ArraySlice<OracleTransaction>, at state: OracleMap) -> Bool {
        guard !rest.isEmpty else {
            tried += 1
            return final.map { $0 == state } ?? true
        }
        for place in rest.indices {
            let next = rest[place]
            if isStrict, rest.contains(where: { $0.ended < next.began }) { continue }
            guard let after = OracleView.run(next, at: state) else { continue }
            var others = rest
            others.remove(at: place)
            if accepts(others, at: after) { return true }
        }
        return false
    }
}
