import LSMTxSpecs
import Testing

/// The oracles on known cases, and how much they try.
@Suite struct OracleTests {
    private static func judge(
        _ setup: [String: String] = ["x": "0", "y": "0"], to final: [String: String]? = nil,
        _ body: (inout OracleScript) -> Void
    ) -> OracleJudgement {
        var script = OracleScript()
        body(&script)
        return OracleJudgement(script.done, from: OracleScript.map(setup), to: final.map(OracleScript.map))
    }

    @Test func writeSkewIsSnapshotIsolationOnly() {
        let found = Self.judge(to: ["x": "1", "y": "1"]) { script in
            script.get("A", "x", "0")
            script.get("B", "y", "0")
            script.put("A", "y", "1")
            script.put("B", "x", "1")
            script.commit("A")
            script.commit("B")
        }
        #expect(found == OracleJudgement(false, false, true, true))
    }

    @Test func aLostUpdateIsReadCommittedOnly() {
        let found = Self.judge { script in
            script.get("A", "x", "0")
            script.get("B", "x", "0")
            script.put("A", "x", "1")
            script.put("B", "x", "2")
            script.commit("A")
            script.commit("B")
        }
        #expect(found == OracleJudgement(false, false, false, true))
    }

    /// Who has read nothing may have had its snapshot at any time.
    @Test func blindWritesConflictWhereTheSnapshotIsKnown() {
        func body(_ script: inout OracleScript, reads: Bool) {
            if reads { script.get("A", "z", nil) }
            script.put("A", "x", "1")
            script.put("B", "x", "2")
            script.put("B", "z", "2")
            script.commit("B")
            script.commit("A")
        }
        for (reads, final, expected) in [
            (false, "1", OracleJudgement(true, true, true, true)),
            // Commits are made one after the other, but a serial order need not be theirs.
            (false, "2", OracleJudgement(true, true, true, false)),
            (false, "0", OracleJudgement(false, false, false, false)),
            (true, "1", OracleJudgement(false, false, false, true)),
            (true, "2", OracleJudgement(true, true, true, false)),
        ] {
            let found = Self.judge(to: ["x": final, "y": "0", "z": "2"]) { body(&$0, reads: reads) }
            #expect(found == expected, "\(reads) \(final)")
        }
    }

    @Test func whoBeginsAfterACommitSeesIt() {
        let found = Self.judge { script in
            script.put("A", "x", "1")
            script.commit("A")
            script.get("B", "x", "0")
            script.commit("B")
        }
        #expect(found == OracleJudgement(true, false, false, false))
    }

    @Test func dirtyReadsAreNobodys() {
        let found = Self.judge { script in
            script.put("A", "x", "1")
            script.get("B", "x", "1")
            script.put("A", "x", "2")
            script.commit("B")
            script.commit("A")
        }
        #expect(found == OracleJudgement(false, false, false, false))
    }

    @Test func readsThatGoBackAreNobodys() {
        for (reads, expected) in [
            (["0", "1", "1"], OracleJudgement(false, false, false, true)),
            (["0", "1", "0"], OracleJudgement(false, false, false, false)),
            (["0", "0", "0"], OracleJudgement(true, true, true, true)),
        ] {
            let found = Self.judge { script in
                script.get("A", "x", reads[0])
                script.put("B", "x", "1")
                script.commit("B")
                script.get("A", "x", reads[1])
                script.get("A", "x", reads[2])
                script.commit("A")
            }
            #expect(found == expected, "\(reads)")
        }
    }

    @Test func aLongForkIsReadCommittedOnly() {
        let found = Self.judge([:]) { script in
            script.get("D", "x", nil)
            script.put("A", "x", "1")
            script.commit("A")
            script.get("C", "x", "1")
            script.get("C", "y", nil)
            script.put("B", "y", "1")
            script.commit("B")
            script.get("D", "y", "1")
            script.commit("C")
            script.commit("D")
        }
        #expect(found == OracleJudgement(false, false, false, true))
    }

    @Test func phantomsAreInScansToo() {
        let found = Self.judge([:], to: ["b": "1", "p": "1"]) { script in
            script.scan("A", "a", "m", [])
            script.scan("B", "n", nil, [])
            script.put("A", "p", "1")
            script.put("B", "b", "1")
            script.commit("A")
            script.commit("B")
        }
        #expect(found == OracleJudgement(false, false, true, true))
    }

    @Test func aDeletedRangeConflictsWithWhatIsWrittenInIt() {
        for (key, isRight) in [("b", false), ("m", true)] {
            let found = Self.judge([:], to: key == "b" ? ["z": "1"] : ["m": "1", "z": "1"]) { script in
                script.get("A", "z", nil)
                script.deleteRange("A", "a", "m")
                script.put("B", key, "1")
                script.put("B", "z", "1")
                script.commit("B")
                script.commit("A")
            }
            #expect(found.snapshot == isRight, "\(key)")
            #expect(found.readCommitted)
        }
    }

    @Test func guardsKeepWriteSkewOut() {
        for guarded in [[], ["A"], ["A", "B"]] {
            let found = Self.judge(to: ["x": "1", "y": "1"]) { script in
                for (session, key) in [("A", "x"), ("B", "y")] {
                    script.get(session, key, "0")
                    if guarded.contains(session) { script.other(session, .guardReads(OracleSpan(Array(key.utf8)))) }
                }
                script.put("A", "y", "1")
                script.put("B", "x", "1")
                script.commit("B")
                script.commit("A")
            }
            #expect(found.snapshot == (guarded.count < 2), "\(guarded)")
        }
    }

    @Test func aTransactionSeesItsOwnWrites() {
        let isRight = OracleJudgement(true, true, true, true)
        let found = Self.judge(["a": "0", "b": "0"], to: ["b": "0", "c": "1"]) { script in
            script.put("A", "c", "1")
            script.delete("A", "a")
            script.get("A", "a", nil)
            script.scan("A", "a", nil, [("b", "0"), ("c", "1")])
            script.scan("A", "", nil, [("c", "1"), ("b", "0")], isReversed: true)
            script.scan("A", "a", "z", [("b", "0")], limit: 1)
            script.scan("A", "a", "z", [("c", "1")], isReversed: true, limit: 1)
            script.other("A", .savepoint("s"))
            script.deleteRange("A", "a", "z")
            script.scan("A", "a", "z", [])
            script.other("A", .rollbackTo("s"))
            script.scan("A", "a", "z", [("b", "0"), ("c", "1")])
            script.other("A", .release("s"))
            script.commit("A")
        }
        #expect(found == isRight)
        let undone = Self.judge(to: ["x": "2", "y": "1"]) { script in
            script.other("A", .savepoint("s"))
            script.put("A", "x", "1")
            script.other("A", .rollbackTo("s"))
            script.put("B", "x", "2")
            script.commit("B")
            script.put("A", "y", "1")
            script.commit("A")
        }
        #expect(undone == isRight)
    }

    @Test func aCursorSeesOneState() {
        for (second, expected) in [
            ("0", OracleJudgement(true, true, true, true)), ("1", OracleJudgement(false, false, false, false)),
        ] {
            let found = Self.judge { script in
                script.open("A", 1, "a", "z")
                script.next("A", 1, [("x", "0")])
                script.put("B", "x", "1")
                script.put("B", "y", "1")
                script.commit("B")
                script.put("A", "z", "1")
                script.next("A", 1, [("y", second)])
                script.next("A", 1, [], isLast: true)
                script.commit("A")
            }
            #expect(found == expected, "\(second)")
        }
        // What is missing at its end was not there.
        let found = Self.judge { script in
            script.open("A", 1, "a", "z")
            script.next("A", 1, [("x", "0")], isLast: true)
            script.commit("A")
        }
        #expect(found == OracleJudgement(false, false, false, false))
    }

    /// Nothing can be given up early where nothing was read, and what is stored was left by nobody.
    @Test func everyOrderIsTried() {
        for (count, serial, split) in [(1, 1, 1), (2, 2, 6), (3, 6, 90), (4, 24, 2520)] {
            let transactions = (0..<count).map { index in
                var transaction = OracleTransaction(session: "\(index)", began: 1)
                transaction.append(.put([UInt8(index)], [1]), at: 2)
                transaction.ending = .committed
                transaction.ended = 10 + index
                return transaction
            }
            var serials = SerialOracle(from: OracleMap(), to: OracleMap(), isStrict: true)
            let isSerial = serials.accepts(transactions)
            #expect(!isSerial)
            #expect(serials.tried == serial)
            var snapshots = SnapshotOracle(from: OracleMap(), to: OracleMap())
            let isSnapshot = snapshots.accepts(transactions)
            #expect(!isSnapshot)
            #expect(snapshots.tried == split)
        }
    }
}
