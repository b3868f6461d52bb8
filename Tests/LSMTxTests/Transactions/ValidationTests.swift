import LSMTxSimulation
import Testing

@testable import LSMTx

/// Whether a commit conflicts, by whichever way it is found out: few or many changes since the transaction began, in
/// memtables or in tables.
@Suite struct ValidationTests {
    private static func key(_ number: Int) -> [UInt8] { Array("key \(1_000 + number)".utf8) }

    private static func range(_ low: Int, _ high: Int) -> KeyRange { KeyRange(from: key(low), upTo: key(high)) }

    private static let keys = 400

    @Test(arguments: 0..<(isDebug ? 60 : 600) as Range<UInt64>)
    func aCommitConflictsExactlyWhenWhatItRestsOnHasChanged(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        func number(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
        let (_, database) = try EngineFixture.newStore(background: false)
        for start in stride(from: 0, to: Self.keys, by: 100) {
            try database.write { t in
                for place in start..<start + 100 where place % 3 != 0 { try t.put(Self.key(place), "old") }
            }
        }
        if number(2) == 0 { try database.flush() }

        let isSnapshot = number(3) == 0
        let transaction = try database.begin(isSnapshot ? .snapshot : .serializable)
        var restsOn: Set<Int> = []
        for _ in 0..<[0, 1, 2, 20][number(4)] {
            let place = number(Self.keys)
            if isSnapshot {
                try transaction.put(Self.key(place), "mine")
            } else {
                _ = try transaction.get(Self.key(place))
            }
            restsOn.insert(place)
        }
        for _ in 0..<[0, 0, 1, 4][number(4)] {
            let low = number(Self.keys)
            let high = min(Self.keys, low + [1, 3, 60][number(3)])
            if isSnapshot {
                try transaction.deleteRange(Self.range(low, high))
            } else {
                try transaction.forEach(Self.range(low, high), reverse: number(2) == 0) { _, _ in true }
            }
            restsOn.formUnion(low..<high)
        }
        try transaction.put("the transaction's own", "v")

        var changed: Set<Int> = []
        // Mostly away from what it rests on, or every run would end the same way.
        let free = (0..<Self.keys).filter { !restsOn.contains($0) }
        for _ in 0..<[0, 1, 5, 300][number(4)] {
            try database.write { t in
                let place = number(200) == 0 ? number(Self.keys) : free[number(free.count)]
                switch number(20) {
                case 0..<15: try t.put(Self.key(place), "new")
                case 15..<19: try t.delete(Self.key(place))
                default: try t.deleteRange(Self.range(place, place + 1))
                }
                changed.insert(place)
            }
            if number(150) == 0 { try database.flush() }
            if number(300) == 0 { try database.compact() }
        }
        let mustConflict = !changed.isDisjoint(with: restsOn)
        var found: StoreError?
        do { try transaction.commit() } catch { found = error }
        #expect((found?.code == .conflict) == mustConflict, "seed \(seed): \(found.map { "\($0)" } ?? "committed")")
        #expect(found == nil || found?.code == .conflict, "seed \(seed)")
        if let conflict = found?.conflict {
            #expect(conflict.access == (isSnapshot ? .write : .read), "seed \(seed)")
            #expect(changed.contains { conflict.keys.contains(Self.key($0)) }, "seed \(seed): \(conflict.keys)")
            #expect(conflict.began == transaction.timestamp && conflict.committedAt > conflict.began, "seed \(seed)")
        }
        try database.close()
    }

    @Test func aConflictNamesBothTransactions() throws {
        let database = try Database.inMemory()
        let transaction = try database.begin(.serializable, label: "report")
        _ = try transaction.get("k")
        try transaction.put("report", "1")
        let winner = try database.write(label: "import") { t in
            try t.put("k", "v")
            return t.timestamp
        }
        let error = #expect(throws: StoreError.self) { try transaction.commit() }
        let conflict = try #require(error?.conflict)
        #expect(conflict.key == Array("k".utf8))
        #expect(conflict.label == "report" && conflict.otherLabel == "import")
        #expect(conflict.began == winner && conflict.committedAt == database.timestamp)
    }

    @Test func guardsWorkWhereReadsAreNotChecked() throws {
        let database = try Database.inMemory()
        let guarded = try database.begin(.snapshot)
        try guarded.addReadConflict(KeyRange(prefix: "a/"))
        try guarded.put("b", "1")
        try database.write { try $0.put("a/1", "new") }
        #expect(EngineFixture.code { try guarded.commit() } == .conflict)
        let committed = try database.begin(.readCommitted)
        #expect(EngineFixture.code { try committed.addReadConflict(key: "a") } == .misuse)
        #expect(EngineFixture.code { try committed.addReadConflict(.all) } == .misuse)
    }

    @Test func whatIsReadUnguardedIsNotChecked() throws {
        let database = try Database.inMemory()
        try database.write { try $0.put("a", "1") }
        let transaction = try database.begin()
        #expect(try transaction.unguarded.get("a") == Array("1".utf8))
        #expect(transaction.unguarded.scan().map(\.key) == [Array("a".utf8)])
        try transaction.put("b", "1")
        #expect(transaction.unguarded.scan().map(\.key) == [Array("a".utf8), Array("b".utf8)])
        try database.write { try $0.put("a", "2") }
        try transaction.commit()
    }

    @Test func readsCountInTheBudget() throws {
        var configuration = Configuration()
        configuration.maximumTransactionBytes = 10_000
        let database = try Database.inMemory(configuration)
        let transaction = try database.begin()
        try transaction.put("k", "v")
        var reads = 0
        let code = EngineFixture.code {
            while reads < 10_000 {
                _ = try transaction.get("key \(100_000 + reads)")
                reads += 1
            }
        }
        let fresh = try database.begin()
        #expect(EngineFixture.code { _ = try fresh.get([UInt8](repeating: 1, count: 20_000)) } == .tooLarge)
        #expect(code == .tooLarge && (150..<400).contains(reads), "\(reads) reads")
        #expect(EngineFixture.code { try transaction.put("another", "v") } == .tooLarge)
        _ = try transaction.unguarded.get("another key")
        try transaction.commit()
    }

    private static var isDebug: Bool {
        #if DEBUG
        true
        #else
        false
        #endif
    }
}
