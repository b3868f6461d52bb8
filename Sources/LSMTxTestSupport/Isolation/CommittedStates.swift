/// A history taken apart: its transactions, and the states that its commits led through.
struct CommittedStates {
    private(set) var transactions: [RecordedTransaction] = []
    /// Those that committed something, in the order in which they did.
    private(set) var committers: [Int] = []
    /// State 0 is the initial one, state `i + 1` that after commit `i`.
    private(set) var states: [[Int]]
    /// What is wrong with the record itself.
    private(set) var flaws: [String] = []

    init(_ history: IsolationHistory) {
        states = [history.initial]
        var places: [Int: Int] = [:]
        for (index, entry) in history.entries.enumerated() {
            guard let number = entry.transaction else { continue }
            if case .begin(let level) = entry.step, places[number] == nil {
                places[number] = transactions.count
                transactions.append(RecordedTransaction(number: number, level: level, beginStep: index))
                continue
            }
            guard let place = places[number] else {
                flaws.append("T\(number) has not begun")
                continue
            }
            if let flaw = transactions[place].record(entry.step, at: index) { flaws.append(flaw) }
            guard case .commit(.committed) = entry.step, transactions[place].hasWritten else { continue }
            committers.append(place)
            states.append(transactions[place].own.applied(to: states[states.count - 1]))
        }
    }

    /// The number of the state that was the newest one before a step.
    func newestState(before step: Int) -> Int {
        committers.count { transactions[$0].endStep < step }
    }

    /// What the commits wrote that led from state `first` to state `last`.
    func changes(from first: Int, to last: Int) -> UInt32 {
        guard first < last else { return 0 }
        return committers[first..<last].reduce(0) { $0 | transactions[$1].own.written }
    }
}
