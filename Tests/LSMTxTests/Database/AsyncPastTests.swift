import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Names, the retention and histories from asynchronous code.
@Suite struct AsyncPastTests {
    private typealias Fixture = AsyncFixture

    /// The calls.
    enum Call: CaseIterable {
        case create, drop, retention, history

        /// - Returns: What came of it, if that can be seen at once.
        func run(_ database: Database) async throws -> [KeyVersion] {
            switch self {
            case .create: try await database.createSnapshot(named: "new")
            case .drop: try await database.dropSnapshot(named: "old")
            case .retention: try await database.setRetention(Retention(commits: 7))
            case .history: return try await database.history(of: "k")
            }
            return []
        }

        /// Whether its change can be seen.
        func isDone(_ database: Database) throws -> Bool {
            switch self {
            case .create: try database.snapshots().contains { $0.name == "new" }
            case .drop: try !database.snapshots().contains { $0.name == "old" }
            case .retention: try database.retention == Retention(commits: 7)
            case .history: false
            }
        }

        static let changes: [Call] = [.create, .drop, .retention]
    }

    /// A store with a key of two versions and the name "old", whose device holds back what a test says. It has no threads
    /// that would write too.
    private static func gatedStore() async throws -> (gate: GateDevice, database: Database) {
        let base = MemoryDevice()
        try EngineFixture.format(base)
        let gate = GateDevice(base)
        let database = try EngineFixture.openWithPast(gate)
        try await database.setRetention(Retention(commits: 100))
        for value in ["1", "2"] { try await database.write { try $0.put("k", value) } }
        try await database.createSnapshot(named: "old")
        return (gate, database)
    }

    @Test func aTaskDoesWhatAThreadDoes() async throws {
        let database = try Database.inMemory()
        for number in 0..<5 { try await database.write { try $0.put("k", String(number)) } }
        let point = PointInTime.timestamp(Timestamp(rawValue: 2))
        #expect(try await database.createSnapshot(named: "second", at: point) == Timestamp(rawValue: 2))
        #expect(try await database.createSnapshot(named: "fifth") == Timestamp(rawValue: 5))
        try await database.dropSnapshot(named: "fifth")
        #expect(try database.snapshots().map(\.name) == ["second"])
        try await database.setRetention(Retention(commits: 3))
        #expect(try database.retention == Retention(commits: 3))
        for (since, limit) in [(nil, nil), (Timestamp(rawValue: 3), nil), (nil, 2), (nil, 0)] as [(Timestamp?, Int?)] {
            let expected = try await Fixture.offPool { try database.history(of: "k", since: since, limit: limit) }
            let found = try await database.history(of: "k", since: since, limit: limit)
            #expect(found == expected)
            #expect(found.isEmpty == (limit == 0))
        }
        #expect(try await database.history(of: [UInt8](repeating: 1, count: Limits.maximumKeyBytes + 1)) == [])
        try await database.close()
    }

    @Test func errorsAreThoseOfTheSynchronousForm() async throws {
        let (_, database) = try await Self.gatedStore()
        func failure(_ body: @Sendable () async throws -> Void) async -> StoreError? {
            do {
                try await body()
                return nil
            } catch {
                return error as? StoreError
            }
        }
        func blocking(_ body: @Sendable () throws -> Void) -> StoreError? {
            do {
                try body()
                return nil
            } catch {
                return error as? StoreError
            }
        }
        let negative = Retention(keep: .seconds(-1))
        let pairs = [
            (
                await failure { try await database.createSnapshot(named: "old") },
                blocking { try database.createSnapshot(named: "old") }
            ),
            (
                await failure { try await database.createSnapshot(named: "a", at: .named("none")) },
                blocking { try database.createSnapshot(named: "a", at: .named("none")) }
            ),
            (
                await failure { try await database.dropSnapshot(named: "none") },
                blocking { try database.dropSnapshot(named: "none") }
            ),
            (
                await failure { try await database.setRetention(negative) },
                blocking { try database.setRetention(negative) }
            ),
            (
                await failure { _ = try await database.history(of: "k", limit: -1) },
                blocking { _ = try database.history(of: "k", limit: -1) }
            ),
        ]
        for (found, expected) in pairs {
            #expect(expected != nil)
            #expect(found == expected)
        }
    }

    @Test(arguments: Call.allCases)
    func aClosedDatabaseSaysSo(call: Call) async throws {
        let (_, database) = try await Self.gatedStore()
        try await database.close()
        await #expect { _ = try await call.run(database) } throws: { ($0 as? StoreError)?.code == .closed }
    }

    @Test(arguments: Call.allCases)
    func aCancelledTaskChangesNothing(call: Call) async throws {
        let (_, database) = try await Self.gatedStore()
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await call.run(database)
        }
        task.cancel()
        #expect(await Fixture.failure(of: task) is CancellationError)
        #expect(try !call.isDone(database))
        try await database.close()
    }

    @Test(arguments: Call.changes)
    func aChangeThatWaitsForAnotherIsTakenBack(call: Call) async throws {
        let (gate, database) = try await Self.gatedStore()
        gate.hold(.sync)
        let first = Task { try await database.createSnapshot(named: "first") }
        #expect(try await Fixture.offPool { gate.waitUntilHeld(.sync) })
        // Wherever it is when it is cancelled: the first one is not done before.
        let task = Task { try await call.run(database) }
        try await Task.sleep(for: .milliseconds(5))
        task.cancel()
        gate.release(.sync)
        _ = try await first.value
        #expect(await Fixture.failure(of: task) is CancellationError)
        #expect(try !call.isDone(database))
        try await database.close()
    }

    @Test(arguments: Call.changes)
    func aChangeThatIsBeingWrittenGoesThrough(call: Call) async throws {
        let (gate, database) = try await Self.gatedStore()
        gate.hold(.sync)
        let task = Task { try await call.run(database) }
        #expect(try await Fixture.offPool { gate.waitUntilHeld(.sync) })
        task.cancel()
        gate.release(.sync)
        _ = try await task.value
        #expect(try call.isDone(database))
        try await database.close()
    }

    @Test func aNameIsNotWrittenWhenTheSyncBeforeItWasCancelled() async throws {
        let (gate, database) = try await Self.gatedStore()
        try await database.write(durability: .buffered) { try $0.put("k", "3") }
        gate.hold(.sync)
        let task = Task { try await database.createSnapshot(named: "new") }
        #expect(try await Fixture.offPool { gate.waitUntilHeld(.sync) })
        task.cancel()
        gate.release(.sync)
        #expect(await Fixture.failure(of: task) is CancellationError)
        #expect(try database.snapshots().map(\.name) == ["old"])
        try await database.createSnapshot(named: "new")
        try await database.close()
    }

    @Test func whatIsReportedIsWhatHappened() async throws {
        // At whatever moment the cancellation comes.
        let database = try Database.inMemory()
        for round in 0..<100 {
            let task = Task { try await database.createSnapshot(named: "round \(round)") }
            for _ in 0..<(round % 20) { await Task.yield() }
            task.cancel()
            let failure = await Fixture.failure(of: task)
            #expect(failure == nil || failure is CancellationError)
            #expect(try database.snapshots().contains { $0.name == "round \(round)" } == (failure == nil))
        }
        try await database.close()
    }

    @Test func aHistoryThatIsCancelledEnds() async throws {
        let (_, database) = try await Self.gatedStore()
        let cancellation = Cancellation()
        func versions() throws -> [KeyVersion] {
            try [UInt8]("k".utf8).withBytes { key throws(StoreError) in
                try database.core.history(of: key, since: nil, limit: nil, cancellation: cancellation)
            }
        }
        #expect(try versions().count == 2)
        cancellation.cancel()
        #expect(EngineFixture.code { _ = try versions() } == .interrupted)
        try await database.close()
    }

    @Test func blockedCallsBlockNoOtherTask() async throws {
        let (gate, database) = try await Self.gatedStore()
        gate.hold(.sync)
        // More than there are threads in the store, and many more than in the cooperative pool.
        let callers = DatabaseCore.asyncThreads + 8
        let tasks = (0..<callers).map { caller in
            Task { try await database.createSnapshot(named: "caller \(caller)") }
        }
        await Fixture.eventually { database.core.pool.waitingCount == 8 }
        let sum = await withTaskGroup(of: Int.self) { group in
            for number in 0..<100 { group.addTask { number } }
            return await group.reduce(0, +)
        }
        #expect(sum == 4950)
        gate.release(.sync)
        for task in tasks { #expect(try await task.value == database.timestamp) }
        #expect(try database.snapshots().count == callers + 1)
        try await database.close()
    }
}
