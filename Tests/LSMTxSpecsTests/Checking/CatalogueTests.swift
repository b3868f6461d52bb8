import LSMTxSpecs
import Testing

/// Every anomaly that the graph knows as a history made by hand, with the exact class.
@Suite struct CatalogueTests {
    typealias Transactions = [([MicroOperation], commit: UInt64?)]

    /// Checks the graph's classes and strongest model; all orders must agree on the model.
    private func expect(
        _ kinds: Set<AnomalyClass>, _ model: IsolationModel?, _ transactions: Transactions,
        order: BruteForce.Order = .any,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let history = try HistoryScript.together(transactions)
        let verdict = DependencyGraph.check(history)
        #expect(verdict.kinds == kinds, "\(verdict)", sourceLocation: sourceLocation)
        #expect(verdict.strongest() == model, "\(verdict)", sourceLocation: sourceLocation)
        let oracle = BruteForce(history, order: order)
        #expect(oracle.strongest() == model, sourceLocation: sourceLocation)
    }

    @Test func dirtyWrite() throws {
        try expect(
            [.g0], nil,
            [
                ([append("x", 1), append("y", 1)], nil), ([append("x", 2), append("y", 2)], nil),
                ([list("x", 1, 2)], nil), ([list("y", 2, 1)], nil),
            ])
    }

    @Test func abortedRead() throws {
        var script = HistoryScript()
        script.begin(0)
        script.begin(1)
        script.end(1, [list("x", 1)])
        script.end(0, [append("x", 1)], kind: .fail)
        let history = try History(script.events)
        #expect(DependencyGraph.check(history).kinds == [.g1a])
        #expect(TimestampReplay.check(history).kinds == [.g1a])
        #expect(BruteForce(history).strongest() == nil)
    }

    @Test func intermediateRead() throws {
        let transactions: Transactions = [([append("x", 1), append("x", 2)], 10), ([list("x", 1)], nil)]
        try expect([.g1b], nil, transactions)
        #expect(TimestampReplay.check(try HistoryScript.together(transactions)).kinds == [.g1b])
        try expect([.g1b], nil, [([put("x", 1), put("x", 2)], 10), ([get("x", 1)], nil)])
    }

    @Test func circularFlow() throws {
        try expect([.g1c], nil, [([append("x", 1), list("y", 1)], nil), ([append("y", 1), list("x", 1)], nil)])
        try expect([.g1c], nil, [([put("x", 1), get("y", 2)], 10), ([put("y", 2), get("x", 1)], 20)], order: .perKey)
    }

    @Test func observedTransactionVanishes() throws {
        try expect(
            [.observedVanishes, .gSingle], nil,
            [([append("x", 1), append("y", 1)], nil), ([list("x", 1), list("y")], nil), ([list("y", 1)], nil)])
    }

    @Test func fracturedScan() throws {
        try expect(
            [.fracturedScan, .gSingle], nil, [([put("a", 1), put("b", 1)], 10), ([scan("a", "z", ("a", 1))], nil)])
        try expect(
            [.fracturedScan, .gSingle], nil,
            [([put("a", 1), put("b", 1)], 10), ([scan("a", "z", ("b", 1), reverse: true)], nil)])
    }

    @Test func unwrittenAndIncompatibleReads() throws {
        try expect([.unwritten], nil, [([list("x", 7)], nil)])
        try expect(
            [.incompatibleOrder], nil,
            [([append("x", 1)], nil), ([append("x", 2)], nil), ([list("x", 1, 2)], nil), ([list("x", 2)], nil)])
    }

    @Test func ownWritesAreSeen() throws {
        try expect([.internal], nil, [([put("x", 1), get("x", nil)], 10)])
        try expect([.internal], nil, [([append("x", 1), list("x", 1, 2)], 10)])
        try expect([.internal], nil, [([put("b", 1), scan("a", "z")], 10)])
        try expect([.internal], nil, [([put("b", 1), .delete("b"), scan("a", "z", ("b", 1))], 10)])
        try expect([.internal], nil, [([get("x", 1), put("x", 1)], 10)])
        try expect(
            [], .strictSerializable, [([put("b", 1), scan("a", "z", ("b", 1)), .delete("b"), get("b", nil)], 10)])
    }

    @Test func readSkewAndFuzzyReadsAndPhantoms() throws {
        let writer: ([MicroOperation], commit: UInt64?) = ([put("x", 1), put("y", 1)], 10)
        try expect([.gSingle], .readCommitted, [writer, ([get("x", nil), get("y", 1)], nil)])
        try expect([.gSingle], .readCommitted, [writer, ([get("x", nil), get("x", 1)], nil)])
        try expect([.gSingle], .readCommitted, [writer, ([scan("a", "z"), scan("a", "z", ("x", 1), ("y", 1))], nil)])
        try expect([.gSingle], .readCommitted, [writer, ([get("x", nil), scan("y", "z", ("y", 1))], nil)])
    }

    @Test func lostUpdate() throws {
        let transactions: Transactions = [([get("x", nil), put("x", 1)], 10), ([get("x", nil), put("x", 2)], 20)]
        try expect([.gSingle], .readCommitted, transactions, order: .perKey)
        #expect(TimestampReplay.check(try HistoryScript.together(transactions)).kinds == [.lostUpdate])
    }

    @Test func longFork() throws {
        try expect(
            [.gNonadjacent], .readCommitted,
            [
                ([append("x", 1)], nil), ([append("y", 1)], nil), ([list("x", 1), list("y")], nil),
                ([list("x"), list("y", 1)], nil),
            ])
    }

    @Test func writeSkew() throws {
        try expect(
            [.g2Item], .snapshotIsolation,
            [
                ([list("x"), list("y"), append("x", 1)], nil), ([list("x"), list("y"), append("y", 1)], nil),
                ([list("x", 1), list("y", 1)], nil),
            ])
        let absent: Transactions = [([get("k", nil), put("j", 1)], 10), ([get("j", nil), put("k", 2)], 20)]
        try expect([.g2Item], .snapshotIsolation, absent)
        #expect(TimestampReplay.check(try HistoryScript.together(absent)).kinds == [.noCommitPoint])
        try expect(
            [.g2Item], .snapshotIsolation,
            [
                ([get("x", nil), put("y", 1)], 10), ([get("y", nil), put("z", 2)], 20),
                ([get("z", nil), put("x", 3)], 30),
            ])
    }

    @Test func phantomWriteSkewOnEmptyRanges() throws {
        let transactions: Transactions = [([scan("a", "m"), put("x1", 1)], 10), ([scan("n", "z"), put("b2", 2)], 20)]
        try expect([.g2], .snapshotIsolation, transactions)
        #expect(TimestampReplay.check(try HistoryScript.together(transactions)).strongest() == .snapshotIsolation)
        // The key at the lower bound conflicts, the one at the upper bound does not.
        try expect(
            [.g2], .snapshotIsolation, [([scan("a", "m"), put("n", 1)], 10), ([scan("n", "z"), put("a", 2)], 20)])
        try expect(
            [], .strictSerializable, [([scan("a", "m"), put("n", 1)], 10), ([scan("n", "z"), put("m", 2)], 20)])
        try expect(
            [], .strictSerializable, [([scan("a", "m"), put("z", 1)], 10), ([scan("n", "z"), put("b", 2)], 20)])
        // Behind the last key of a scan that stopped at its limit nothing was read.
        try expect(
            [], .strictSerializable,
            [
                ([put("a", 0)], 5), ([scan("a", "m", ("a", 0), limit: 1), put("n", 1)], 10),
                ([scan("n", "z"), put("b", 2)], 20),
            ])
    }

    @Test func aBoundedSearchSaysSo() throws {
        func ring(_ count: Int) throws -> Verdict {
            DependencyGraph.check(
                try HistoryScript.together(
                    (0..<count).map { ([list("k\($0)"), append("k\(($0 + 1) % count)", 1)], nil) }))
        }
        let small = try ring(5)
        #expect(small.kinds == [.g2Item] && small.notes.isEmpty)
        let large = try ring(20)
        #expect(large.kinds == [.g2Item] && large.notes.count == 1, "\(large)")
        #expect(large.description.contains("through 8 of 20 dependencies"))
    }

    @Test func readOnlyAnomaly() throws {
        try expect(
            [.g2Item], .snapshotIsolation,
            [
                ([get("x", nil), get("y", nil), put("x", -11)], 20), ([get("y", nil), put("y", 20)], 10),
                ([get("x", nil), get("y", 20)], nil),
            ])
    }

    @Test func staleReadsBreakSessionsAndRealTimeOnly() throws {
        var script = HistoryScript()
        script.run(0, [put("x", 1)], commit: 10)
        script.run(1, [get("x", nil)])
        var history = try History(script.events)
        for verdict in [DependencyGraph.check(history), TimestampReplay.check(history)] {
            #expect(verdict.strongest() == .serializable)
            #expect(verdict.strongest(realTime: true) == nil)
        }
        let graph = DependencyGraph.check(history)
        #expect(graph.anomalies.map(\.name).contains("G-single-realtime"))
        #expect(BruteForce(history).strongest() == .serializable)
        script = HistoryScript()
        script.run(0, [put("x", 1)], commit: 10)
        script.run(0, [get("x", nil)])
        history = try History(script.events)
        #expect(DependencyGraph.check(history).anomalies.map(\.name).contains("G-single-session"))
        #expect(DependencyGraph.check(history).anomalies.first?.witness.count == 2)
    }

    @Test func whatNobodyKnowsCountsOnceItIsSeen() throws {
        for isSeen in [false, true] {
            var script = HistoryScript()
            script.begin(0, [put("x", 1), put("y", 1)])
            script.end(0, [put("x", 1), put("y", 1)], kind: .info)
            script.run(1, [get("x", isSeen ? 1 : nil), get("y", isSeen ? 1 : nil)], snapshot: 5)
            let history = try History(script.events)
            #expect(DependencyGraph.check(history).strongest(realTime: true) == .strictSerializable)
            #expect(TimestampReplay.check(history).strongest(realTime: true) == .strictSerializable)
            // Half of it is an anomaly.
            script.run(1, [get("x", 1), get("y", nil)], snapshot: 6)
            #expect(DependencyGraph.check(try History(script.events)).strongest(realTime: true) != .strictSerializable)
            #expect(TimestampReplay.check(try History(script.events)).strongest(realTime: true) != .strictSerializable)
        }
    }

    @Test func aLostAcknowledgedCommitIsSeenByTheStrictModelAlone() throws {
        var script = HistoryScript()
        script.run(0, [append("x", 1)], commit: 10)
        script.run(1, [append("x", 2)], commit: 20)
        script.run(1, [list("x", 1)], snapshot: 20)
        let graph = DependencyGraph.check(try History(script.events))
        #expect(graph.strongest() == .serializable)
        #expect(graph.anomalies.contains { $0.order != .data }, "\(graph)")
        #expect(TimestampReplay.check(try History(script.events)).strongest() == .readCommitted)
    }

    @Test func theFinalStateMustBeExplainedToo() throws {
        let history = try HistoryScript.together([([put("x", 1)], nil), ([put("x", 2)], nil)])
        #expect(BruteForce(history, finalState: ["x": .integer(1)]).strongest() == .strictSerializable)
        #expect(BruteForce(history, finalState: ["x": .integer(3)]).strongest() == nil)
        #expect(BruteForce(history, finalState: [:]).strongest() == nil)
    }

    @Test func timestampsMustNotContradictEachOther() throws {
        let twice = try HistoryScript.together([([put("x", 1)], 10), ([put("y", 2)], 10)])
        #expect(TimestampReplay.check(twice).kinds == [.timestamps])
        var script = HistoryScript()
        script.run(0, [put("x", 1)], commit: 20)
        script.run(1, [put("y", 1)], commit: 10)
        let backwards = TimestampReplay.check(try History(script.events))
        #expect(backwards.strongest() == .serializable)
        script = HistoryScript()
        script.run(0, [put("x", 1)])
        let untimed = TimestampReplay.check(try History(script.events))
        #expect(untimed.undecided.count == 1)
        #expect(untimed.description.contains("undecided: T0 has no commit timestamp"))
    }
}
