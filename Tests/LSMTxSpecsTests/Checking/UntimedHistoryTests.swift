import LSMTxSpecs
import Testing

/// What can be told of registers without timestamps, and that the rest is said to be open.
@Suite struct UntimedHistoryTests {
    private func verdict(_ body: (inout HistoryScript) -> Void) throws -> Verdict {
        var script = HistoryScript()
        body(&script)
        return DependencyGraph.check(try History(script.events))
    }

    @Test func aKeyThatIsNeverDeletedIsAbsentBeforeItsFirstWriteOnly() throws {
        let skew = try HistoryScript.together([
            ([scan("a", "m"), put("x", 1)], nil), ([scan("n", "z"), put("b", 1)], nil),
        ])
        #expect(DependencyGraph.check(skew).kinds == [.g2])
        #expect(BruteForce(skew).strongest() == .snapshotIsolation)
        let phantom = try HistoryScript.together([
            ([scan("a", "m"), scan("a", "m", ("b", 1))], nil), ([put("b", 1)], nil),
        ])
        #expect(DependencyGraph.check(phantom).kinds == [.gSingle])
        #expect(BruteForce(phantom).strongest() == .readCommitted)
        let lost = try verdict { script in
            script.run(0, [put("x", 1)])
            script.run(1, [get("x", nil)])
        }
        #expect(!lost.accepts(.readCommitted, realTime: true))
        #expect(lost.accepts(.serializable))
    }

    @Test func absenceOfAKeyThatWasDeletedStaysOpen() throws {
        let verdict = try verdict { script in
            script.run(0, [put("x", 1)])
            script.run(0, [.delete("x")])
            script.run(1, [get("x", nil)])
        }
        #expect(verdict.anomalies == [])
        #expect(!verdict.undecided.isEmpty)
    }

    @Test func twoWhoReplaceTheSameVersionLoseAnUpdateWhicheverIsFirst() throws {
        let history = try HistoryScript.together([
            ([put("x", 0)], nil), ([get("x", 0), put("x", 1)], nil), ([get("x", 0), put("x", 2)], nil),
        ])
        #expect(!DependencyGraph.check(history).accepts(.snapshotIsolation))
        #expect(DependencyGraph.check(history).accepts(.readCommitted))
        #expect(BruteForce(history).strongest() == .readCommitted)
        let insertions = try HistoryScript.together([
            ([get("x", nil), put("x", 1)], nil), ([scan("a", "z"), put("x", 2)], nil),
        ])
        #expect(!DependencyGraph.check(insertions).accepts(.snapshotIsolation))
        #expect(BruteForce(insertions).strongest() == .readCommitted)
    }

    @Test func aValueThatWasReplacedBeforeTheReaderBeganIsStale() throws {
        let stale = try verdict { script in
            script.run(0, [put("x", 1)])
            script.run(1, [put("x", 2)])
            script.run(2, [get("x", 1)])
        }
        for model in IsolationModel.allCases { #expect(!stale.accepts(model, realTime: true), "\(stale)") }
        #expect(stale.accepts(.serializable))
        let overlapping = try verdict { script in
            script.run(0, [put("x", 1)])
            script.begin(2)
            script.run(1, [put("x", 2)])
            script.end(2, [get("x", 1)])
        }
        #expect(overlapping.accepts(.strictSerializable), "\(overlapping)")
    }

    @Test func aValueThatTwoHaveWrittenIsNobodysInParticular() throws {
        let verdict = try verdict { script in
            script.run(0, [put("x", 1), put("y", 1)])
            script.run(1, [get("x", 1)])
            script.run(2, [put("x", 1)])
        }
        #expect(verdict.accepts(.strictSerializable), "\(verdict)")
        #expect(!verdict.undecided.isEmpty)
    }

    @Test func writesInNoKnownOrderAreSaidToBeOpen() throws {
        let verdict = try verdict { script in
            script.run(9, [put("x", 0), put("y", 0)])
            for process in 0..<4 { script.begin(process) }
            script.end(0, [put("x", 1)])
            script.end(1, [put("y", 1)])
            script.end(2, [get("x", 1), get("y", 0)])
            script.end(3, [get("x", 0), get("y", 1)])
        }
        #expect(!verdict.undecided.isEmpty)
    }

    @Test func anElementThatIsInAListMoreOftenThanItWasAppendedIsWrong() throws {
        let history = try HistoryScript.together([([append("x", 1)], nil), ([list("x", 1, 1)], nil)])
        #expect(DependencyGraph.check(history).kinds == [.incompatibleOrder])
        #expect(BruteForce(history).strongest() == nil)
        let twice = try HistoryScript.together([([append("x", 1)], nil), ([append("x", 1), list("x", 1, 1)], nil)])
        #expect(BruteForce(twice).strongest() == .strictSerializable)
        #expect(DependencyGraph.check(twice).accepts(.serializable), "\(DependencyGraph.check(twice))")
    }

    /// Whatever it finds without timestamps is an anomaly in every order; and where it leaves nothing open, it finds all.
    @Test func registersWithoutTimestampsAreJudgedAsByTryingEveryOrder() throws {
        var decided: [String: Int] = [:]
        for seed in 0..<UInt64(AgreementTests.rounds) {
            var (events, style, _) = AgreementTests.events(seed, crashes: false)
            guard style != .lists else { continue }
            for index in events.indices { (events[index].commit, events[index].snapshot) = (nil, nil) }
            guard let history = try? History(events) else { continue }
            let verdict = DependencyGraph.check(history)
            for realTime in [false, true] {
                guard history.transactions.count(where: { $0.outcome != .aborted }) <= BruteForce.transactionLimit
                else { continue }
                let model = BruteForce(history).strongest(realTime: realTime)
                let text: Comment = "seed \(seed), real time \(realTime): \(verdict)"
                for weaker in IsolationModel.allCases where model.map({ weaker <= $0 }) ?? false {
                    #expect(verdict.accepts(weaker, realTime: realTime), text)
                }
                guard verdict.undecided.isEmpty else { continue }
                #expect(verdict.strongest(realTime: realTime) == model, text)
                decided[model?.rawValue ?? "none", default: 0] += 1
            }
        }
        for model in ["none"] + IsolationModel.allCases.map(\.rawValue) {
            #expect(decided[model, default: 0] > 0, "\(decided)")
        }
    }
}
