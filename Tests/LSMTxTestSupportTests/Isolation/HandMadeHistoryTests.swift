import LSMTxTestSupport
import Testing

/// Histories made by hand, wrong ones and right ones: what the judge finds in each.
@Suite struct HandMadeHistoryTests {
    typealias Faults = Set<IsolationJudge.Fault>

    private static func faults(
        _ level: IsolationLevel, from initial: [Int] = [1, 0, 0, 0], _ steps: String, to final: [Int],
        levels: [Int: IsolationLevel] = [:]
    ) -> Faults {
        let history = HistoryNotation.history(level, from: initial, steps, to: final, levels: levels)
        return Set(IsolationJudge.findings(in: history).map(\.fault))
    }

    @Test func aLostUpdateIsWrongAboveReadCommitted() {
        let steps = "b0 b1 r0a=1 r1a=1 w0a=2 w1a=3 c0 c1"
        #expect(Self.faults(.readCommitted, steps, to: [3, 0, 0, 0]) == [])
        #expect(Self.faults(.snapshot, steps, to: [3, 0, 0, 0]) == [.lostUpdate, .missedConflict, .noOrder])
        #expect(Self.faults(.serializable, steps, to: [3, 0, 0, 0]) == [.notSerializable, .missedConflict, .noOrder])
        let prevented = "b0 b1 r0a=1 r1a=1 w0a=2 w1a=3 c0 x1"
        #expect(Self.faults(.readCommitted, prevented, to: [2, 0, 0, 0]) == [.spuriousConflict])
        #expect(Self.faults(.snapshot, prevented, to: [2, 0, 0, 0]) == [])
        #expect(Self.faults(.serializable, prevented, to: [2, 0, 0, 0]) == [])
    }

    @Test func blindWritesConflictAtSnapshotOnly() {
        let (both, one) = ("b0 b1 w0a=2 w1a=3 c0 c1", "b0 b1 w0a=2 w1a=3 c0 x1")
        #expect(Self.faults(.snapshot, both, to: [3, 0, 0, 0]) == [.lostUpdate, .missedConflict])
        #expect(Self.faults(.serializable, both, to: [3, 0, 0, 0]) == [])
        #expect(Self.faults(.snapshot, one, to: [2, 0, 0, 0]) == [])
        #expect(Self.faults(.serializable, one, to: [2, 0, 0, 0]) == [.spuriousConflict])
    }

    @Test func writeSkewIsWrongAtSerializableOnly() {
        let both = "b0 b1 r0a=1 r0b=2 r1a=1 r1b=2 w0a=3 w1b=4 c0 c1"
        let (initial, final) = ([1, 2, 0, 0], [3, 4, 0, 0])
        #expect(Self.faults(.readCommitted, from: initial, both, to: final) == [])
        #expect(Self.faults(.snapshot, from: initial, both, to: final) == [])
        let expected: Faults = [.notSerializable, .missedConflict, .noOrder]
        #expect(Self.faults(.serializable, from: initial, both, to: final) == expected)
        let one = "b0 b1 r0a=1 r0b=2 r1a=1 r1b=2 w0a=3 w1b=4 c0 x1"
        #expect(Self.faults(.snapshot, from: initial, one, to: [3, 2, 0, 0]) == [.spuriousConflict])
        #expect(Self.faults(.serializable, from: initial, one, to: [3, 2, 0, 0]) == [])
    }

    @Test func writeSkewOnRangesThatWereEmptyIsWrong() {
        let both = "b0 b1 s0[a-c) s1[c-e) w0d=1 w1b=2 c0 c1"
        #expect(Self.faults(.snapshot, from: [0, 0, 0, 0], both, to: [0, 2, 0, 1]) == [])
        let expected: Faults = [.notSerializable, .missedConflict, .noOrder]
        #expect(Self.faults(.serializable, from: [0, 0, 0, 0], both, to: [0, 2, 0, 1]) == expected)
    }

    @Test func theReadOnlyAnomalyIsWrongAtSerializable() {
        let steps = "b1 r1a=1 r1b=1 b0 r0b=1 w0b=2 c0 b2 r2a=1 r2b=2 c2 w1a=3 c1"
        #expect(Self.faults(.snapshot, from: [1, 1, 0, 0], steps, to: [3, 2, 0, 0]) == [])
        let expected: Faults = [.notSerializable, .missedConflict, .noOrder]
        #expect(Self.faults(.serializable, from: [1, 1, 0, 0], steps, to: [3, 2, 0, 0]) == expected)
    }

    @Test func aReadThatIsNotRepeatableIsWrongAtSnapshot() {
        let steps = "b0 r0a=1 b1 w1a=2 c1 r0a=2 c0"
        #expect(Self.faults(.readCommitted, steps, to: [2, 0, 0, 0]) == [])
        let expected: Faults = [.unexplainedRead, .wrongPoint, .noOrder]
        #expect(Self.faults(.snapshot, steps, to: [2, 0, 0, 0]) == expected)
        #expect(Self.faults(.serializable, steps, to: [2, 0, 0, 0]) == expected)
    }

    @Test func aPhantomIsWrongAtSnapshot() {
        let steps = "b0 s0[a-e)=a1 b1 w1b=2 c1 s0[a-e)=a1,b2 c0"
        #expect(Self.faults(.readCommitted, steps, to: [1, 2, 0, 0]) == [])
        #expect(Self.faults(.snapshot, steps, to: [1, 2, 0, 0]) == [.unexplainedRead, .wrongPoint, .noOrder])
    }

    @Test func aFracturedScanIsWrongEverywhere() {
        let steps = "b0 o0[a-e) n0.0=a1 b1 w1a=2 w1b=2 c1 n0.0=b2 n0.0=- c0"
        for level in IsolationLevel.allCases {
            let faults = Self.faults(level, from: [1, 1, 0, 0], steps, to: [2, 2, 0, 0])
            #expect(faults == [.unexplainedRead, .wrongPoint, .noOrder], "\(level)")
        }
    }

    @Test func aStatementThatGoesBackInTimeIsWrong() {
        let steps = "b0 r0a=1 b1 w1a=2 c1 r0a=2 r0a=1 c0"
        #expect(
            Self.faults(.readCommitted, steps, to: [2, 0, 0, 0]) == [.unexplainedRead, .wrongPoint, .noOrder])
    }

    @Test func dirtyAndIntermediateReadsAreWrong() {
        for level in IsolationLevel.allCases {
            let expected: Faults = [.unexplainedRead, .wrongPoint, .noOrder]
            #expect(Self.faults(level, "b0 w0a=2 b1 r1a=2 a0 c1", to: [1, 0, 0, 0]) == expected, "\(level)")
            #expect(Self.faults(level, "b0 w0a=2 b1 r1a=2 w0a=3 c0 c1", to: [3, 0, 0, 0]) == expected, "\(level)")
            // Circular flow of information.
            let circle = "b0 b1 w0a=2 w1b=3 r0b=3 r1a=2 c0 c1"
            #expect(Self.faults(level, circle, to: [2, 3, 0, 0]).isSuperset(of: expected), "\(level)")
        }
    }

    @Test func whatWasRolledBackMustNotStay() {
        for level in IsolationLevel.allCases {
            let expected: Faults = [.wrongFinalState, .noOrder]
            #expect(Self.faults(level, "b0 w0a=2 a0", to: [2, 0, 0, 0]) == expected)
            #expect(Self.faults(level, "b0 p0 w0a=2 u0.0 w0b=3 c0", to: [2, 3, 0, 0]) == expected)
            #expect(Self.faults(level, "b0 w0a=2 w0b=2 c0", to: [2, 0, 0, 0]) == expected)
            #expect(Self.faults(level, "b0 p0 w0a=2 u0.0 w0b=3 c0", to: [1, 3, 0, 0]) == [])
        }
    }

    @Test func aCommitThatHadReturnedMustBeSeen() {
        for level in IsolationLevel.allCases {
            // In another order, all would be well: only real time says otherwise.
            let faults = Self.faults(level, "b0 w0a=2 c0 b1 r1a=1 c1", to: [2, 0, 0, 0])
            #expect(faults == [.unexplainedRead, .wrongPoint, .noOrder], "\(level)")
        }
    }

    @Test func anOlderPointThanPromisedIsFound() {
        let late = "b0 b1 w1a=2 c1 r0a=2 c0"
        #expect(Self.faults(.snapshot, late, to: [2, 0, 0, 0]) == [.wrongPoint])
        let early = "b0 b1 w1a=2 c1 r0a=1 c0"
        #expect(Self.faults(.snapshot, early, to: [2, 0, 0, 0]) == [])
        #expect(Self.faults(.readCommitted, early, to: [2, 0, 0, 0]) == [.wrongPoint])
        #expect(Self.faults(.readCommitted, late, to: [2, 0, 0, 0]) == [])
    }

    @Test func ownWritesMustBeSeenAndAreNoDependence() {
        for level in IsolationLevel.allCases {
            let blind = Self.faults(level, "b0 w0a=2 r0a=1 c0", to: [2, 0, 0, 0])
            #expect(blind.isSuperset(of: [.unexplainedRead, .wrongPoint]), "\(level)")
            let hidden = Self.faults(level, "b0 d0a s0[a-e)=a1 c0", to: [0, 0, 0, 0])
            #expect(hidden.isSuperset(of: [.unexplainedRead, .wrongPoint]), "\(level)")
            #expect(Self.faults(level, "b0 D0[a-c) s0[a-e) w0b=2 S0[a-e)=b2 c0", to: [0, 2, 0, 0]) == [])
        }
        #expect(Self.faults(.serializable, "b0 b1 w0a=2 r0a=2 w1a=3 c1 c0", to: [2, 0, 0, 0]) == [])
        #expect(Self.faults(.serializable, "b0 b1 w0a=2 r0a=2 w1a=3 c1 x0", to: [3, 0, 0, 0]) == [.spuriousConflict])
        // Its own deletion of a range answers too.
        #expect(Self.faults(.serializable, "b0 b1 D0[a-c) r0a=0 w1a=3 c1 x0", to: [3, 0, 0, 0]) == [.spuriousConflict])
    }

    @Test func whatALimitCutsOffIsNoDependence() {
        let initial = [1, 1, 0, 0]
        let past = "b0 b1 s0[a-e)/1=a1 w1b=2 w0d=3 c1"
        #expect(Self.faults(.serializable, from: initial, past + " c0", to: [1, 2, 0, 3]) == [])
        #expect(Self.faults(.serializable, from: initial, past + " x0", to: [1, 2, 0, 0]) == [.spuriousConflict])
        // Another order would do here; but commits are promised to be that order.
        let before = "b0 b1 S0[a-e)/1=b1 w1c=2 w0d=3 c1"
        let expected: Faults = [.notSerializable, .missedConflict]
        #expect(Self.faults(.serializable, from: initial, before + " c0", to: [1, 1, 2, 3]) == expected)
        #expect(Self.faults(.serializable, from: initial, before + " x0", to: [1, 1, 2, 0]) == [])
        // A limit that was not reached cuts nothing off, and one of 0 everything.
        #expect(
            Self.faults(.serializable, "b0 b1 s0[a-e)/2=a1 w1d=2 w0b=3 c1 x0", to: [1, 0, 0, 2]) == [])
        #expect(
            Self.faults(.serializable, "b0 b1 s0[a-e)/0 w1a=2 w0b=3 c1 x0", to: [2, 0, 0, 0]) == [.spuriousConflict])
        #expect(
            Self.faults(.serializable, "b0 b1 o0[a-e) w1a=2 w0b=3 c1 x0", to: [2, 0, 0, 0]) == [.spuriousConflict])
    }

    @Test func boundsAreHalfOpen() {
        let reason = "b0 b1 s0[b-c) w1b=2 w0d=3 c1 x0"
        #expect(Self.faults(.serializable, reason, to: [1, 2, 0, 0]) == [])
        let none = "b0 b1 s0[b-c) w1c=2 w0d=3 c1 x0"
        #expect(Self.faults(.serializable, none, to: [1, 0, 2, 0]) == [.spuriousConflict])
        #expect(Self.faults(.snapshot, "b0 b1 D0[b-c) w1c=2 c1 x0", to: [1, 0, 2, 0]) == [.spuriousConflict])
        #expect(Self.faults(.snapshot, "b0 b1 D0[b-d) w1c=2 c1 x0", to: [1, 0, 2, 0]) == [])
        #expect(Self.faults(.snapshot, "b0 b1 D0[b-d) w1c=2 c1 c0", to: [1, 0, 0, 0]).contains(.missedConflict))
        // Deletions of ranges that meet between two keys, or nowhere.
        var meeting = HistoryNotation.history(.snapshot, from: [1, 0, 0, 0], "b0 b1", to: [1, 0, 0, 0])
        meeting.entries += [
            .init(0, .deleteRange(KeySpan(4, 5))), .init(1, .deleteRange(KeySpan(3, 5))),
            .init(1, .commit(.committed(at: 1))), .init(0, .commit(.conflict())),
        ]
        #expect(IsolationJudge.findings(in: meeting).isEmpty)
        meeting.entries[2] = .init(0, .deleteRange(KeySpan(5, 6)))
        #expect(IsolationJudge.findings(in: meeting).map(\.fault) == [.spuriousConflict])
    }

    @Test func aTransactionThatWroteNothingNeverFails() {
        for level in IsolationLevel.allCases {
            let steps = "b0 b1 r0a=1 p0 w0b=5 u0.0 w1a=2 c1"
            #expect(Self.faults(level, steps + " x0", to: [2, 0, 0, 0]) == [.spuriousConflict], "\(level)")
            #expect(Self.faults(level, steps + " c0", to: [2, 0, 0, 0]) == [], "\(level)")
        }
    }

    @Test func savepointsUndoWritesAndKeepReads() {
        let undone = "b0 b1 p0 w0a=2 u0.0 w0b=3 w1a=4 c1"
        #expect(Self.faults(.snapshot, undone + " c0", to: [4, 3, 0, 0]) == [])
        #expect(Self.faults(.snapshot, undone + " x0", to: [4, 0, 0, 0]) == [.spuriousConflict])
        let outer = "b0 b1 w0a=2 p0 d0a u0.0 w1a=4 c1"
        #expect(Self.faults(.snapshot, outer + " x0", to: [4, 0, 0, 0]) == [])
        #expect(Self.faults(.snapshot, outer + " c0", to: [2, 0, 0, 0]) == [.missedConflict, .lostUpdate])
        let reads = "b0 b1 p0 r0a=1 u0.0 w0b=3 w1a=4 c1"
        #expect(Self.faults(.serializable, reads + " x0", to: [4, 0, 0, 0]) == [])
        #expect(
            Self.faults(.serializable, reads + " c0", to: [4, 3, 0, 0]) == [.notSerializable, .missedConflict])
    }

    @Test func guardsAreDependencesAndUnguardedReadsAreNone() {
        let guarded = "b0 b1 g0[b-d) w0a=2 w1c=3 c1"
        for level in [IsolationLevel.snapshot, .serializable] {
            #expect(Self.faults(level, guarded + " x0", to: [1, 0, 3, 0]) == [])
            #expect(Self.faults(level, guarded + " c0", to: [2, 0, 3, 0]) == [.missedConflict])
        }
        let unguarded = "b0 b1 R0a=1 w0b=2 w1a=3 c1"
        #expect(Self.faults(.serializable, unguarded + " x0", to: [3, 0, 0, 0]) == [.spuriousConflict])
        #expect(Self.faults(.serializable, unguarded + " c0", to: [3, 2, 0, 0]) == [])
        // They show the same moment nevertheless.
        let late = "b0 b1 R0a=1 w1a=3 c1 R0a=3 c0"
        #expect(Self.faults(.serializable, late, to: [3, 0, 0, 0]) == [.unexplainedRead, .wrongPoint])
    }

    @Test func aConflictMustNameWhatWasChangedAndByWhom() {
        let steps = "b0 b1 r0a=1 w0b=2 w1a=3 c1"
        func fault(_ positions: UInt32, _ committedAt: UInt64, isWrite: Bool) -> [IsolationJudge.Fault] {
            var history = HistoryNotation.history(.serializable, from: [1, 0, 0, 0], steps, to: [3, 0, 0, 0])
            let reason = IsolationHistory.Reason(positions: positions, committedAt: committedAt, isWrite: isWrite)
            history.entries.append(.init(0, .commit(.conflict(reason))))
            return IsolationJudge.findings(in: history).map(\.fault)
        }
        #expect(fault(KeySpace.bit(ofKey: 0), 1, isWrite: false) == [])
        #expect(fault(KeySpace.bit(ofKey: 0), 2, isWrite: false) == [.wrongReason])
        #expect(fault(KeySpace.bit(ofKey: 1), 1, isWrite: false) == [.wrongReason])
        #expect(fault(KeySpace.bit(ofKey: 0), 1, isWrite: true) == [.wrongReason])
    }

    @Test func eachTransactionIsJudgedByItsOwnLevel() {
        let skew = "b0 b1 r0a=1 r0b=2 r1a=1 r1b=2 w0a=3 w1b=4 c0 c1"
        let (initial, final) = ([1, 2, 0, 0], [3, 4, 0, 0])
        let right = Self.faults(.serializable, from: initial, skew, to: final, levels: [1: .snapshot])
        #expect(right == [])
        let wrong = Self.faults(.serializable, from: initial, skew, to: final, levels: [0: .snapshot])
        #expect(wrong == [.notSerializable, .missedConflict])
    }

    @Test func timestampsMustFollowTheCommits() {
        var history = HistoryNotation.history(
            .serializable, from: [1, 0, 0, 0], "b0 b1 w0a=2 w1b=3 c0 c1", to: [2, 3, 0, 0])
        #expect(IsolationJudge.findings(in: history).isEmpty)
        history.entries[5] = .init(1, .commit(.committed(at: 1)))
        #expect(IsolationJudge.findings(in: history).map(\.fault) == [.wrongTimestamp])
    }

    @Test func aRecordThatContradictsItselfIsMalformed() {
        for steps in ["r0a=1", "b0 c0 r0a=1", "b0 u0.0 c0", "b0 n0.0=a1 c0", "b0 b0 c0", "b0 o0[a-e) n0.0=- n0.0=a1"] {
            #expect(Self.faults(.snapshot, steps, to: [1, 0, 0, 0]) == [.malformed], "\(steps)")
        }
    }
}
