internal import LSMTxSimulation

/// Random transactions of a few keys on a store, interleaved step by step in one thread, and the record of them.
///
/// A seed determines the schedule, as long as the store answers the same.
package struct IsolationRun<Subject: IsolationSubject> {
    package struct Options: Sendable {
        /// The levels that transactions choose from.
        package var levels: [IsolationLevel]
        package var hasSavepoints = true
        /// Of 1,000 steps, how many flush or compact the store.
        package var storeSteps: Int
        /// Whether a range may begin or end between two keys: not where the first is empty and each other one the one
        /// before it and a zero byte.
        package var hasGaps = true

        package init(levels: [IsolationLevel], storeSteps: Int = 30) {
            self.levels = levels
            self.storeSteps = storeSteps
        }
    }

    private final class Player {
        let number: Int
        var level = IsolationLevel.serializable
        var session: Subject.Session?
        var steps: Int
        var depth = 0
        var openScans: [Int] = []
        var scanCount = 0

        init(number: Int, steps: Int) {
            self.number = number
            self.steps = steps
        }
    }

    private let subject: Subject
    private let options: Options
    private var random: SeededGenerator
    private var history: IsolationHistory
    private var value: Int
    /// How likely each kind of step is in this history, so that histories differ more than by chance.
    private var weights: [Int]
    private var hasLongTransactions = false

    private enum Kind: Int, CaseIterable {
        case get, scan, put, delete, deleteRange, savepoint, goBack, release, getUnguarded, guarding
    }

    private init(_ subject: Subject, _ options: Options, seed: UInt64) throws {
        self.subject = subject
        self.options = options
        random = SeededGenerator(seed: seed)
        history = IsolationHistory(initial: try subject.state())
        value = history.initial.max() ?? 0
        weights = [30, 25, 30, 10, 8, 0, 0, 0, 0, 0]
        for index in weights.indices where number(4) == 0 { weights[index] *= number(4) }
        if options.hasSavepoints, number(2) == 0 {
            for kind in [Kind.savepoint, .goBack] { weights[kind.rawValue] = 25 }
            weights[Kind.release.rawValue] = 6
            hasLongTransactions = true
        }
        if number(3) == 0 {
            weights[Kind.getUnguarded.rawValue] = 15
            weights[Kind.guarding.rawValue] = 20
        }
        weights[Kind.put.rawValue] += 1
    }

    /// Makes one history.
    ///
    /// - Throws: What the store throws where it should not.
    package static func history(of subject: Subject, _ options: Options, seed: UInt64) throws -> IsolationHistory {
        var run = try IsolationRun(subject, options, seed: seed)
        do { try run.play() } catch { throw Failure(underlying: error, history: run.history) }
        return run.history
    }

    /// The store failed in the middle of a history.
    package struct Failure: Error, CustomStringConvertible {
        package let underlying: any Error
        package let history: IsolationHistory
        package var description: String { "\(underlying)\n\(history)" }
    }

    private mutating func number(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    private mutating func play() throws {
        var players = (0..<3 + number(3)).map { Player(number: $0, steps: 1 + number(hasLongTransactions ? 10 : 6)) }
        while !players.isEmpty {
            if number(1_000) < options.storeSteps {
                try storeStep()
                continue
            }
            // Whoever was chosen first is so more often, or all would overlap all the time.
            let chosen = min(number(players.count), number(players.count))
            if try !step(players[chosen]) { players.remove(at: chosen) }
        }
        history.final = try subject.state()
    }

    private mutating func storeStep() throws {
        if number(3) == 0 {
            try subject.compact()
            history.entries.append(.init(nil, .compact))
        } else {
            try subject.flush()
            history.entries.append(.init(nil, .flush))
        }
    }

    private mutating func note(_ player: Player, _ step: IsolationHistory.Step) {
        history.entries.append(.init(player.number, step))
    }

    /// - Returns: Whether the transaction goes on.
    private mutating func step(_ player: Player) throws -> Bool {
        guard let session = player.session else {
            let level = options.levels[number(options.levels.count)]
            player.session = try subject.begin(level)
            player.level = level
            note(player, .begin(level))
            return true
        }
        guard player.steps > 0 else {
            if number(10) == 0 {
                session.rollback()
                note(player, .rollback)
            } else {
                note(player, .commit(try session.commit()))
            }
            return false
        }
        if let scan = player.openScans.last, number(3) != 0 {
            try next(of: scan, player, session)
            return true
        }
        player.steps -= 1
        try operation(player, session)
        return true
    }

    private mutating func next(of scan: Int, _ player: Player, _ session: Subject.Session) throws {
        guard number(8) != 0 else {
            player.openScans.removeLast()
            return
        }
        let item = try session.next(ofScan: scan)
        note(player, .next(scan: scan, item))
        if item == nil { player.openScans.removeLast() }
    }

    private mutating func operation(_ player: Player, _ session: Subject.Session) throws {
        switch kind() {
        case .get:
            let key = number(KeySpace.keyCount)
            note(player, .get(key: key, value: try session.get(key)))
        case .getUnguarded:
            let key = number(KeySpace.keyCount)
            note(player, .getUnguarded(key: key, value: try session.getUnguarded(key)))
        case .guarding:
            guard player.level != .readCommitted else { return }
            let span = span()
            try session.guardKeys(span)
            note(player, .guarding(span))
        case .scan:
            let (span, reverse) = (span(), number(2) == 0)
            let limit = number(2) == 0 ? number(4) : nil
            try session.open(span, reverse: reverse, limit: limit)
            note(player, .open(span, reverse: reverse, limit: limit))
            player.openScans.append(player.scanCount)
            player.scanCount += 1
            // Most are read through at once.
            while number(4) != 0, player.openScans.last == player.scanCount - 1 {
                try next(of: player.scanCount - 1, player, session)
            }
        case .put:
            // Now and then a value that was there before.
            if number(6) != 0 || value == 0 { value += 1 }
            let (key, put) = (number(KeySpace.keyCount), number(6) == 0 ? 1 + number(value) : value)
            try session.put(key, put)
            note(player, .put(key: key, value: put))
        case .delete:
            let key = number(KeySpace.keyCount)
            try session.delete(key)
            note(player, .delete(key: key))
        case .deleteRange:
            let span = span()
            try session.deleteRange(span)
            note(player, .deleteRange(span))
        case .savepoint:
            try session.savepoint()
            note(player, .savepoint)
            player.depth += 1
        case .goBack:
            guard player.depth > 0 else { return }
            let depth = number(player.depth)
            try session.rollback(toDepth: depth)
            note(player, .rollbackTo(depth: depth))
            player.depth = depth + 1
        case .release:
            guard player.depth > 0 else { return }
            let depth = number(player.depth)
            try session.release(depth: depth)
            note(player, .release(depth: depth))
            player.depth = depth
        }
    }

    private mutating func kind() -> Kind {
        var left = number(weights.reduce(0, +))
        for kind in Kind.allCases {
            if left < weights[kind.rawValue] { return kind }
            left -= weights[kind.rawValue]
        }
        return .put
    }

    private mutating func span() -> KeySpan {
        if number(8) == 0 { return KeySpan(canonical(0), KeySpace.positionCount) }
        let end = KeySpace.positionCount
        // Some are empty or the wrong way round.
        guard number(12) != 0 else { return KeySpan(canonical(number(end + 1)), canonical(number(end + 1))) }
        let lower = number(end)
        return KeySpan(canonical(lower), canonical(max(lower + 1, number(end + 1))))
    }

    /// Where nothing lies between two keys, a bound between them is the second.
    private func canonical(_ position: Int) -> Int {
        options.hasGaps || position % 2 == 1 || position == KeySpace.positionCount - 1 ? position : position + 1
    }
}
