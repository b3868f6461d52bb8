import LSMTxSimulation
import Testing

@testable import LSMTx

/// What happens to a key between the moment at which a committing thread reads it for a mutation, and that at which the
/// leader carries the mutation out.
@Suite struct MutationResolutionTests {
    private static let key = Array("k".utf8)

    /// What is done with the key in between; and whether that is then flushed and compacted.
    private static let changes: [[MutationStep]] = [
        [], [.put(key, [1, 2, 3])], [.put(key, [UInt8](repeating: 7, count: 70_000))], [.delete(key)],
        [.deleteRange(.all)], [.mutate(key, .add(40))], [.delete(key), .put(key, [9])],
        [.put(Array("other".utf8), [1])], [.put(key, [1]), .deleteRange(KeyRange(prefix: key))],
    ]

    private static let bases: [[UInt8]?] = [nil, [], [200, 1], [UInt8](repeating: 5, count: 90_000)]

    private static let chains: [[Mutation]] = [
        [.add(7)], [.setIfAbsent([3])], [.setIfAbsent([3]), .add(5), .or([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])],
        [.xor([UInt8](repeating: 0x11, count: 300)), .min(3)],
        [.versionstamped([UInt8](repeating: 0, count: 12), at: 1)],
    ]

    private static func withBytes<R>(_ bytes: [UInt8], _ body: (BorrowedBytes) throws -> R) rethrows -> R {
        try bytes.withUnsafeBytes { try body(BorrowedBytes($0)) }
    }

    @Test(arguments: [false, true], [false, true])
    func theLeaderBuildsOnWhatIsNewest(isFlushed: Bool, isKnown: Bool) throws {
        let (_, database) = try EngineFixture.newStore()
        for base in Self.bases {
            for change in Self.changes {
                for chain in Self.chains {
                    try check(database, base, change, chain, isFlushed: isFlushed, isKnown: isKnown)
                }
            }
        }
        try database.close()
    }

    /// - Parameter isKnown: Whether the base counts as what was there when it was read; else it is left to the leader.
    private func check(
        _ database: Database, _ base: [UInt8]?, _ change: [MutationStep], _ chain: [Mutation], isFlushed: Bool,
        isKnown: Bool
    ) throws {
        let before = database.timestamp
        try database.write { t in
            if let base { try t.put(Self.key, base) } else { try t.delete(Self.key) }
        }
        if isFlushed { try database.flush() }
        let writes = WriteSet()
        defer { writes.deallocate() }
        for mutation in chain {
            mutation.withOperand { kind, operand, stampOffset in
                Self.withBytes(Self.key) { writes.mutate($0, kind, operand: operand, stampOffset: stampOffset) }
            }
        }
        let engine = database.engine
        // As a commit does: without it, the compaction drops deletions that the leader has yet to see.
        let guardian = database.core.openSnapshot(isWriter: true)
        defer { database.core.closeSnapshot(guardian.ticket, at: guardian.timestamp) }
        try engine.readBases(of: writes, upTo: isKnown ? engine.stampedTimestamp : before)
        if !change.isEmpty { try database.write { t in for step in change { try step.make(in: t) } } }
        if isFlushed {
            try database.flush()
            try engine.compactAll()
        }
        let request = writes.requestMemory
        request.initialize(
            to: CommitRequest(
                operations: writes.operations, operationCount: writes.count, hashes: writes.operationHashes,
                memtableBytes: writes.memtableBytes, conflictSet: nil, validatedUpTo: engine.stampedTimestamp,
                isDurable: false, mutations: writes))
        defer { request.deinitialize(count: 1) }
        try database.core.committing { $0.commit(request) }
        #expect(request.pointee.outcome == .committed)
        var model: [[UInt8]: [UInt8]] = [:]
        model[Self.key] = base
        for step in change + chain.map({ .mutate(Self.key, $0) }) {
            step.make(in: &model, stamp: request.pointee.timestamp.versionstamp)
        }
        let found = try database.read { try $0.get(Self.key) }
        #expect(found == model[Self.key], "\(base?.count ?? -1), \(change), \(chain)")
    }

    /// An operand that is longer than what is left of the base, one that is shorter, and none of either.
    @Test func everyLengthIsFitted() {
        for seed in 0..<UInt64(300) {
            var random = SeededGenerator(seed: seed)
            func bytes(_ limit: Int) -> [UInt8] {
                (0..<Int.random(in: 0..<limit, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            }
            let value = bytes(20)
            let operand = bytes(20)
            let number = Int64(truncatingIfNeeded: random.next())
            for mutation in [
                Mutation.and(operand), .or(operand), .xor(operand), .add(number), .min(number), .max(number),
            ] {
                mutation.withOperand { kind, operand, _ in
                    var result = operand.array
                    result.withUnsafeMutableBytes { result in Self.withBytes(value) { kind.compute(result, from: $0) } }
                    #expect(
                        result == MutationModel.result(of: mutation, on: value, stamp: []), "seed \(seed), \(mutation)")
                }
            }
        }
    }
}
