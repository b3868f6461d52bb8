import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Mutations through the public API, one thread at a time.
@Suite struct MutationTests {
    #if DEBUG
    /// One pair of mutations of so many is tried on each value.
    private static let share = 7
    #else
    private static let share = 1
    #endif

    private static let key = Array("k".utf8)
    private static let stamp = [UInt8](repeating: 0xee, count: 10)

    private static let mutations: [Mutation] = [
        .add(5), .add(-7), .add(.max), .min(4), .min(-4), .max(4), .max(-4), .and([0x0f, 0xff, 0x3c]), .and([]),
        .or([0x80, 1]), .or([UInt8](repeating: 3, count: 40)), .xor([0xff, 0x0f, 0xf0, 0xff]), .setIfAbsent([1, 2]),
        .setIfAbsent([]), .versionstamped([9] + stamp + [8], at: 1), .versionstamped(stamp, at: 0),
    ]

    private static let values: [[UInt8]?] = [
        nil, [], [7], [0xff, 0xff, 0xff], MutationModel.bytes(-3), MutationModel.bytes(.max),
        [UInt8](repeating: 0xa5, count: 60), [UInt8](repeating: 0x5a, count: 70_000),
    ]

    @Test func eachMutationDoesWhatItSays() throws {
        let (_, database) = try EngineFixture.newStore()
        func after(_ mutation: Mutation, _ value: [UInt8]?) throws -> [UInt8]? {
            try database.write { t in
                if let value { try t.put("k", value) } else { try t.delete("k") }
            }
            try database.write { try $0.mutate("k", mutation) }
            return try database.read { try $0.get("k") }
        }
        #expect(try after(.add(5), nil) == [5, 0, 0, 0, 0, 0, 0, 0])
        #expect(try after(.add(5), [250]) == [255, 0, 0, 0, 0, 0, 0, 0])
        #expect(try after(.add(-1), [0, 1]) == [255, 0, 0, 0, 0, 0, 0, 0])
        #expect(try after(.add(1), [UInt8](repeating: 255, count: 8)) == [0, 0, 0, 0, 0, 0, 0, 0])
        #expect(try after(.add(1), [255, 0, 0, 0, 0, 0, 0, 0, 77]) == [0, 1, 0, 0, 0, 0, 0, 0])
        #expect(try after(.min(-2), nil) == [254] + [UInt8](repeating: 255, count: 7))
        #expect(try after(.min(3), [2]) == [2, 0, 0, 0, 0, 0, 0, 0])
        #expect(try after(.max(-2), [UInt8](repeating: 255, count: 8)) == [UInt8](repeating: 255, count: 8))
        #expect(try after(.max(-2), [1]) == [1, 0, 0, 0, 0, 0, 0, 0])
        #expect(try after(.max(-2), []) == [0, 0, 0, 0, 0, 0, 0, 0])
        #expect(try after(.and([0x0f, 0xf0]), nil) == [0x0f, 0xf0])
        #expect(try after(.and([0x0f, 0xf0]), [0xff]) == [0x0f, 0])
        #expect(try after(.and([0x0f]), [0xff, 0xff]) == [0x0f])
        #expect(try after(.or([1, 2]), [4]) == [5, 2])
        #expect(try after(.xor([1, 2]), [3, 2, 9]) == [2, 0])
        #expect(try after(.xor([1, 2]), nil) == [1, 2])
        #expect(try after(.setIfAbsent([1]), nil) == [1])
        #expect(try after(.setIfAbsent([1]), []) == [])
        #expect(try after(.setIfAbsent([1]), [2]) == [2])
        try database.close()
    }

    /// What the transaction has done with the key before the mutations, and after them.
    private enum Own: CaseIterable {
        case nothing, put, delete, deleteRange, putAndDeleteRange, deleteRangeAfter, putAfter, rolledBack

        var before: [MutationStep] {
            switch self {
            case .put: [.put(key, [1, 2, 3])]
            case .delete: [.delete(key)]
            case .deleteRange: [.deleteRange(KeyRange(prefix: "k"))]
            case .putAndDeleteRange: [.put(key, [1, 2, 3]), .deleteRange(KeyRange(from: [0x61], upTo: [0x6c]))]
            default: []
            }
        }

        var after: [MutationStep] {
            switch self {
            case .deleteRangeAfter: [.deleteRange(.all)]
            case .putAfter: [.put(key, [4, 5])]
            default: []
            }
        }
    }

    /// Every mutation, and every two of them one after the other, on every kind of value, wherever it is stored.
    @Test(arguments: Isolation.allCases)
    func mutationsApplyToWhatIsStoredAndToOwnWrites(isolation: Isolation) throws {
        let (_, database) = try EngineFixture.newStore()
        for (number, value) in Self.values.enumerated() {
            for own in Own.allCases {
                for (index, first) in Self.mutations.enumerated() {
                    try check(database, isolation, value, own, [first])
                    for second in Self.mutations.indices where (index + second + number) % Self.share == 0 {
                        try check(database, isolation, value, own, [first, Self.mutations[second]])
                    }
                }
            }
            try database.flush()
        }
        #expect(try database.statistics.conflicts == 0)
        #expect(try database.check().findings.isEmpty)
        #expect(LargeValueAudit.findings(in: database.engine, hasOpenTransactions: false) == [])
        try database.close()
    }

    private func check(
        _ database: Database, _ isolation: Isolation, _ value: [UInt8]?, _ own: Own, _ mutations: [Mutation]
    ) throws {
        let context = "\(isolation), \(value?.count ?? -1) bytes, \(own), \(mutations)"
        if try database.read({ try $0.get(Self.key) }) != value {
            try database.write { t in
                if let value { try t.put(Self.key, value) } else { try t.delete(Self.key) }
            }
        }
        var model: [[UInt8]: [UInt8]] = [:]
        model[Self.key] = value
        let steps = own.before + mutations.map { MutationStep.mutate(Self.key, $0) } + own.after
        let transaction = try database.begin(isolation)
        if own == .rolledBack {
            try transaction.mutate(Self.key, .add(1))
            let savepoint = try transaction.savepoint()
            for step in steps { try step.make(in: transaction) }
            try transaction.rollback(to: savepoint)
            MutationStep.mutate(Self.key, .add(1)).make(in: &model, stamp: nil)
        } else {
            for step in steps { try step.make(in: transaction) }
        }
        let committed = try transaction.commit()
        if own != .rolledBack { for step in steps { step.make(in: &model, stamp: committed.versionstamp) } }
        #expect(try database.read { try $0.get(Self.key) } == model[Self.key], "\(context)")
        #expect(try database.read { $0.scan().map(\.value) } == model.map(\.value), "\(context)")
    }

    // MARK: Own reads

    @Test(arguments: Isolation.allCases)
    func ownReadsShowWhatMutationsWouldGive(isolation: Isolation) throws {
        let (_, database) = try EngineFixture.newStore()
        let large = [UInt8](repeating: 0x21, count: 70_000)
        try database.write { t in
            try t.put("a", MutationModel.bytes(10))
            try t.put("c", "old")
            try t.put("d", large)
            try t.put("e", large)
        }
        let transaction = try database.begin(isolation)
        try transaction.mutate("a", .add(1))
        try transaction.mutate("a", .xor([0xf0, 1]))
        try transaction.mutate("b", .add(2))
        try transaction.mutate("c", .setIfAbsent(Array("new".utf8)))
        try transaction.mutate("d", .and([0xff, 0x0f, 1]))
        try transaction.mutate("e", .setIfAbsent([]))
        let expected: [(String, [UInt8])] = [
            ("a", [0xfb, 1]), ("b", MutationModel.bytes(2)), ("c", Array("old".utf8)), ("d", [0x21, 1, 1]),
            ("e", large),
        ]
        for (key, value) in expected {
            #expect(try transaction.get(key) == value, "\(key)")
            #expect(try transaction.unguarded.get(key) == value, "\(key)")
            #expect(try transaction.withValue(key) { $0.withUnsafeBytes { [UInt8]($0) } } == value, "\(key)")
        }
        for reverse in [false, true] {
            let found = Array(transaction.scan(.all, reverse: reverse))
            #expect(found.map(\.key) == (reverse ? expected.reversed() : expected).map { Array($0.0.utf8) })
            #expect(found.map(\.value) == (reverse ? expected.reversed() : expected).map(\.1))
        }
        try transaction.commit()
        #expect(try database.read { $0.scan().map(\.value) } == expected.map(\.1))
        try database.close()
    }

    @Test func aVersionstampCannotBeReadBeforeTheCommit() throws {
        let (_, database) = try EngineFixture.newStore()
        try database.write { try $0.put("k", "old") }
        let transaction = try database.begin()
        try transaction.put("k", "own")
        try transaction.mutate("k", .versionstamped(Self.stamp, at: 0))
        try transaction.put(versionstampedKey: Self.stamp, at: 0, "v")
        func expectMisuse(_ body: () throws -> Void) { #expect(EngineFixture.code(body) == .misuse) }
        expectMisuse { _ = try transaction.get("k") }
        expectMisuse { try transaction.forEach(.all) { _, _ in true } }
        try transaction.mutate("k", .or([1]))
        try transaction.mutate("k", .setIfAbsent([1]))
        expectMisuse { _ = try transaction.withValue("k") { _ in } }
        #expect(try transaction.get(Self.stamp) == nil)
        try transaction.put("k", "own again")
        #expect(Array(transaction.scan()).map(\.key) == [Self.key])
        #expect(try transaction.get("k") == Array("own again".utf8))
        let committed = try transaction.commit()
        #expect(try database.read { try $0.get(committed.versionstamp) } == [0x76])
        #expect(try database.read { try $0.get("k") } == Array("own again".utf8))

        let scanning = try database.begin()
        try scanning.mutate("k", .versionstamped(Self.stamp, at: 0))
        #expect(Array(scanning.scan()).count == 1)  // The one before it.
        expectMisuse { try scanning.commit() }
        try database.close()
    }

    /// A cursor that is open when the transaction commits goes on with what was there when it began.
    @Test func openScansAreNotDisturbedByTheCommit() throws {
        let (_, database) = try EngineFixture.newStore()
        try database.write { t in
            for key in ["a", "b", "c"] { try t.put(key, MutationModel.bytes(10)) }
        }
        let transaction = try database.begin(.snapshot)
        for key in ["a", "b", "c", "d"] { try transaction.mutate(key, .add(1)) }
        try transaction.mutate("b", .setIfAbsent([]))
        try transaction.mutate("bb", .setIfAbsent([1]))
        var iterator = transaction.scan().makeIterator()
        #expect(iterator.next()?.value == MutationModel.bytes(11))
        for key in ["a", "b", "c", "d"] { try transaction.mutate(key, .add(1)) }
        try database.write { t in
            for key in ["a", "b", "bb", "c"] { try t.put(key, MutationModel.bytes(100)) }
        }
        try transaction.commit()
        let rest = [iterator.next(), iterator.next(), iterator.next(), iterator.next()]
        #expect(rest.map { $0?.value } == [11, 0, 11, 1].map { $0 == 0 ? [1] : MutationModel.bytes($0) })
        #expect(iterator.next() == nil)
        #expect(
            try database.read { $0.scan().map(\.value) }
                == [102, 102, 100, 102, 2].map { MutationModel.bytes($0) })
        try database.close()
    }

    // MARK: Limits

    @Test func whatIsTooLongOrHasNoPlaceIsRefused() throws {
        let (_, database) = try EngineFixture.newStore()
        let transaction = try database.begin()
        try transaction.mutate("k", .add(1))
        let longest = [UInt8](repeating: 1, count: Limits.largeValueBytes)
        func code(_ mutation: Mutation) -> StoreError.Code? {
            EngineFixture.code { try transaction.mutate("k", mutation) }
        }
        for mutation in [Mutation.and(longest + [0]), .or(longest + [0]), .setIfAbsent(longest + [0])] {
            #expect(code(mutation) == .tooLarge)
        }
        #expect(code(.versionstamped(longest + [0], at: 0)) == .tooLarge)
        for offset in [-1, 1, 2, Int.max, Int.min] {
            #expect(code(.versionstamped(Self.stamp, at: offset)) == .misuse, "\(offset)")
            #expect(
                EngineFixture.code { try transaction.put(versionstampedKey: Self.stamp, at: offset, "") } == .misuse)
        }
        #expect(code(.versionstamped([], at: 0)) == .misuse)
        let key = [UInt8](repeating: 1, count: Limits.maximumKeyBytes)
        #expect(EngineFixture.code { try transaction.mutate(key + [1], .add(1)) } == .tooLarge)
        #expect(
            EngineFixture.code { try transaction.put(versionstampedKey: key + [1], at: 0, "") } == .tooLarge)
        #expect(try transaction.get("k") == MutationModel.bytes(1))
        try transaction.mutate(key, .versionstamped(longest, at: longest.count - 10))
        try transaction.put(versionstampedKey: key, at: key.count - 10, "v")
        let committed = try transaction.commit()
        try database.read { snapshot in
            let value = try snapshot.get(key)
            #expect(value?.suffix(10) == committed.versionstamp[...])
            #expect(try snapshot.get(key.dropLast(10) + committed.versionstamp) == [0x76])
        }
        let ended = transaction
        #expect(EngineFixture.code { try ended.mutate("k", .add(1)) } == .closed)
        try database.close()
    }

    @Test func aDeletedRangeTakesAVersionstampedKeyWithIt() throws {
        let (_, database) = try EngineFixture.newStore()
        let large = [UInt8](repeating: 1, count: 70_000)
        for value in [[1], large] {
            let transaction = try database.begin()
            try transaction.put(versionstampedKey: [0x61] + Self.stamp, at: 1, value)
            try transaction.put(versionstampedKey: [0x62] + Self.stamp, at: 1, value)
            try transaction.deleteRange(KeyRange(prefix: [0x62]))
            try transaction.put(versionstampedKey: [0x62, 0] + Self.stamp, at: 2, value)
            // In the range as a template, and not with its stamp.
            try transaction.put(versionstampedKey: Self.stamp, at: 0, value)
            try transaction.deleteRange(KeyRange(prefix: Self.stamp))
            let stamp = try transaction.commit().versionstamp
            #expect(
                try database.read { $0.scan().map(\.key) } == [stamp, [0x61] + stamp, [0x62, 0] + stamp])
            #expect(try database.read { $0.scan().map(\.value) } == [value, value, value])
            #expect(LargeValueAudit.findings(in: database.engine, hasOpenTransactions: false) == [])
            try database.write { try $0.deleteRange(.all) }
        }
        try database.close()
    }

    /// Only the last of several operations on a key may own an extent, and nobody knows before the commit that two are.
    @Test func versionstampedKeysThatAreTheSameOwnOneValue() throws {
        let (device, database) = try EngineFixture.newStore()
        func value(_ number: UInt8) -> [UInt8] { [UInt8](repeating: number, count: 70_000 + Int(number)) }
        for way in 0..<5 {
            let guess = Timestamp(rawValue: database.timestamp.rawValue + 1).versionstamp
            let transaction = try database.begin()
            if way == 1 { try transaction.put(guess, value(1)) }
            try transaction.put(versionstampedKey: Self.stamp, at: 0, value(2))
            if way == 2 { try transaction.put(guess, "short") }
            if way == 3 { try transaction.delete(guess) }
            if way == 4 { try transaction.put(guess, value(3)) }
            try transaction.put(versionstampedKey: [UInt8](repeating: 7, count: 10), at: 0, way > 1 ? value(4) : [5])
            if way == 4 { try transaction.put(guess, value(6)) }
            let committed = try transaction.commit()
            #expect(committed.versionstamp == guess)
            let expected = way == 4 ? value(6) : way > 1 ? value(4) : [5]
            #expect(try database.read { try $0.get(guess) } == expected, "\(way)")
            if way == 2 { try database.flush() }
            #expect(LargeValueAudit.findings(in: database.engine, hasOpenTransactions: false) == [], "\(way)")
            #expect(ExtentAudit.findings(in: database.engine) == [], "\(way)")
        }
        let again = try EngineFixture.open(try EngineFixture.copy(device))
        #expect(LargeValueAudit.findings(in: again.engine, hasOpenTransactions: false) == [])
        #expect(try again.check().findings.isEmpty)
        try again.close()
        try database.close()
    }

    @Test func aSetIfAbsentThatDoesNothingIsACommitWithoutAnyWrite() throws {
        let (device, database) = try EngineFixture.newStore(retention: .standard)
        let first = try database.write { t in
            try t.mutate("k", .setIfAbsent([1]))
            return t.timestamp
        }
        let reader = try database.begin()
        #expect(try reader.get("k") == [1])
        let nothing = try database.begin()
        try nothing.mutate("k", .setIfAbsent([2]))
        let committed = try nothing.commit()
        #expect(committed > first && database.timestamp == committed)
        // It was no change.
        try reader.put("other", "1")
        try reader.commit()
        #expect(try database.history(of: "k").count == 1)
        let last = try database.begin()
        try last.mutate("k", .setIfAbsent([3]))
        let end = try last.commit()
        for isClean in [true, false] {
            let found = isClean ? device : try EngineFixture.copy(device)
            if isClean { try database.close() }
            let again = try EngineFixture.open(found)
            #expect(again.timestamp >= end)
            #expect(try again.read { try $0.get("k") } == [1])
            #expect(try again.check().findings.isEmpty)
            try again.close()
        }
    }
}
