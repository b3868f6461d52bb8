import LSMTx
import LSMTxSimulation
import Testing

/// A load of commits on a device that may lose power at any moment: what is left is the state of one commit, no older
/// than the newest durable one. Each commit writes its number at ``numberKey``, so that a state tells which one it is.
final class CrashingCommits: @unchecked Sendable {
    // @unchecked: the device calls the hook on the one thread that runs the load.

    typealias Model = [[UInt8]: [UInt8]]
    typealias Change = (Transaction) throws -> Void

    static let numberKey: [UInt8] = Array("number".utf8)

    private let seed: UInt64
    private let commits: Int
    private let number: ([UInt8]) -> Int
    private let device = CrashDevice()
    private var random: SeededGenerator
    /// Chooses what is looked at, apart from the load.
    private var choices: SeededGenerator
    /// What the store held after each commit, from the empty one on.
    private var models: [Model] = [[:]]
    private var durable = 0
    private(set) var states = 0
    private(set) var compactions: UInt64 = 0

    /// - Parameter number: Reads the number of a commit from the value at ``numberKey``.
    init(seed: UInt64, commits: Int, number: @escaping ([UInt8]) -> Int) throws {
        self.seed = seed
        self.commits = commits
        self.number = number
        random = SeededGenerator(seed: seed)
        choices = SeededGenerator(seed: ~seed)
        try EngineFixture.format(device, seed: seed)
    }

    /// - Parameter changes: Draws the changes of a commit, and makes them in the model.
    func run(_ changes: (_ number: Int, _ model: inout Model, _ random: inout SeededGenerator) -> [Change]) throws {
        device.onCrashPoint(everyWrites: 5) { self.check($0) }
        let database = try EngineFixture.open(device, smallLogBytes: 4 << 10)
        for number in 1...commits {
            let isDurable = Int.random(in: 0..<3, using: &random) > 0
            var model = models[number - 1]
            let changes = changes(number, &model, &random)
            // Known before it happens: a crash in the middle may leave it.
            models.append(model)
            try database.write(durability: isDurable ? .sync : .buffered) { t in
                for change in changes { try change(t) }
            }
            if isDurable { durable = number }
            if number % 8 == 0 { try database.flush() }
        }
        compactions = try database.statistics.compaction.count
        try database.close()
        device.removeHook()
        let again = try EngineFixture.open(device)
        try compare(again, from: commits, "seed \(seed), at the end")
        try again.close()
    }

    private func check(_ point: CrashPoint) {
        guard Int.random(in: 0..<9, using: &choices) == 0 else { return }
        for outcome in point.states(seed: choices.next(), random: 4, singles: 1).shuffled(using: &choices).prefix(4) {
            states += 1
            let what = "seed \(seed), \(point.moment), \(outcome)"
            do {
                let database = try EngineFixture.open(
                    point.image(outcome), smallLogBytes: Bool.random(using: &choices) ? 4 << 10 : 1 << 20)
                try compare(database, from: durable, what)
                #expect(try database.check().findings.isEmpty, "\(what)")
                try database.close()
            } catch {
                Issue.record("\(what): \(error)")
            }
        }
    }

    private func compare(_ database: Database, from floor: Int, _ what: String) throws {
        let found = try EngineFixture.contents(database)
        let number = found.first { $0.key == Self.numberKey }.map { self.number($0.value) } ?? 0
        guard (floor..<models.count).contains(number) else {
            Issue.record("\(what): holds commit \(number), not \(floor) to \(models.count - 1)")
            return
        }
        let expected = models[number].sorted { $0.key.lexicographicallyPrecedes($1.key) }
        #expect(
            found == expected.map { Entry(key: $0.key, value: $0.value) }, "\(what): commit \(number) is not whole")
    }
}
