@testable import LSMTxSpecs

/// Reports to render: with anomalies, conflicts, failures, explorations, and names that need care.
enum SampleReports {
    static let lostUpdate = """
        spec "lost update"
        anomaly P4
        see "Hermitage: P4"
        setup
          put x 10
        schedule "two add one"
          T1 get x as a -> 10
          T2 get x as b -> 10
          T1 put x 11
          T2 put x 12
          T1 commit -> ok
          T2 commit -> rc: ok | si ser: conflict
          final [x=12]
          verdict rc: G-single | si ser: none
        """

    static let phantoms = """
        spec "phantoms <&\\"'> ]]>"
        anomaly G2
        schedule "both & scans <empty> # 1"
          T1 scan a m -> []
          T2 scan n z -> []
          T1 put x1 v
          T2 put b2 w
          T1 commit -> ok
          T2 commit -> rc si: ok | ser: conflict
          T1 get b2 -> w
          T1 rollback
          db flush
          verdict rc si: G2 | ser: none
        session T1: scan a m; put x1 v; commit
        session T2: scan n z; put b2 v; commit
        explore all
          runs 20
          anomalous rc si: 18 | ser: 0
        """

    static let wide = """
        spec "wide keys"
        schedule "Chinese and bytes"
          T1 put "鍵盤" "值"
          T2 get "鍵盤" -> none
          T2 put "\\xff\\x00" "\\x1b[31m"
          T1 commit -> ok
          T2 commit -> ok
        """

    static func lostUpdateReport() throws -> SpecReport {
        var run = try ScriptedRun(lostUpdate)
        let read: [Int: Outcome] = [0: bytes("10"), 1: bytes("10")]
        try run.add(.readCommitted, outcomes: read)
        for level in [Level.snapshot, .serializable] {
            try run.add(level, outcomes: read.merging([5: .conflict("x, written by T1")]) { $1 })
        }
        return run.report
    }

    /// At serializable the second commit goes through, which is wrong.
    static func failedReport() throws -> SpecReport {
        var run = try ScriptedRun(lostUpdate, file: "it's/sample.spec")
        try run.add(
            .serializable, outcomes: [0: bytes("10"), 1: bytes("10")], wrong: (5, "ok"), seed: 7)
        return run.report
    }

    static func phantomReport() throws -> SpecReport {
        var run = try ScriptedRun(phantoms, file: "Specs/<phantoms>.spec")
        let outcomes: [Int: Outcome] = [0: entries(), 1: entries(), 6: bytes("w")]
        try run.add(.readCommitted, outcomes: outcomes)
        try run.add(.snapshot, outcomes: outcomes)
        let aborted = outcomes.merging([5: .conflict("the range n..<z"), 6: .none]) { $1 }
        try run.add(.serializable, outcomes: aborted, wrong: (6, "none <&>"))
        for level in Level.allCases {
            let forbidden = level == .serializable ? "no serial <order>" : nil
            let position = run.spec.explore?.counts.last?.position ?? SourcePosition()
            run.add(
                Exploration(
                    level: level, seed: 1, counts: [.runs: 20, .anomalous: 18],
                    unmet: level == .serializable
                        ? [.init(position: position, kind: .anomalous, expected: .init(count: 0), actual: 18)] : [],
                    witnesses: [try run.witness(.anomalous, forbidden: forbidden)]))
        }
        return run.report
    }

    static func wideReport() throws -> SpecReport {
        var run = try ScriptedRun(wide)
        try run.add(.snapshot, outcomes: [1: .none])
        return run.report
    }

    static func all() throws -> [SpecReport] {
        [try lostUpdateReport(), try failedReport(), try phantomReport(), try wideReport()]
    }
}
