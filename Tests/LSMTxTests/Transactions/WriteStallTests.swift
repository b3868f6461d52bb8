import LSMTx
import Testing

@Suite struct WriteStallTests {
    private static func pressure(
        frozen: Int = 0, fill: Double = 0, needsNew: Bool = false, log: Int = 0, levelZero: Int = 0
    ) -> WriteStall.Pressure {
        WriteStall.Pressure(
            frozenMemtables: frozen, maximumFrozenMemtables: 2, activeFill: fill, needsNewMemtable: needsNew,
            liveLogBytes: log, memtableBytes: 1000, levelZeroTables: levelZero, levelZeroSlow: 8, levelZeroStop: 12)
    }

    @Test func withNothingToFlushNobodyWaits() {
        for needsNew in [false, true] {
            #expect(WriteStall.decide(Self.pressure(fill: 1, needsNew: needsNew, log: 1 << 30)) == .proceed)
        }
    }

    @Test func writersStopWhenNoMemtableIsLeft() {
        #expect(WriteStall.decide(Self.pressure(frozen: 2, fill: 1, needsNew: true)) == .stop(.memtables))
        #expect(WriteStall.decide(Self.pressure(frozen: 1, fill: 1, needsNew: true)) == .proceed)
    }

    @Test func writersStopWhenTheLogHasReachedItsBound() {
        #expect(WriteStall.decide(Self.pressure(frozen: 1, log: 2000)) == .stop(.log))
        #expect(WriteStall.decide(Self.pressure(frozen: 1, log: 1800)) == .proceed)
        #expect(WriteStall.decide(Self.pressure(frozen: 1, log: 1999)) != .proceed)
    }

    @Test func aLongLevelZeroSlowsWritersMoreAndMoreAndThenStopsThem() {
        var last = 0
        for tables in 0...14 {
            switch WriteStall.decide(Self.pressure(levelZero: tables)) {
            case .proceed: #expect(tables < 8)
            case .slow(let microseconds, .levelZero):
                #expect(tables >= 8 && (microseconds > last || tables > 11))
                last = microseconds
            default: Issue.record("\(tables) tables")
            }
        }
        #expect(WriteStall.decide(Self.pressure(needsNew: true, levelZero: 12)) == .stop(.levelZero))
        #expect(WriteStall.decide(Self.pressure(needsNew: true, levelZero: 11)) != .stop(.levelZero))
    }

    /// Or there would be no end to the memtables, and to the log, while level 0 is long.
    @Test func aLongLevelZeroDoesNotLiftTheOtherBounds() {
        #expect(WriteStall.decide(Self.pressure(frozen: 2, fill: 1, needsNew: true, levelZero: 9)) == .stop(.memtables))
        #expect(WriteStall.decide(Self.pressure(frozen: 1, log: 2000, levelZero: 9)) == .stop(.log))
        #expect(
            WriteStall.decide(Self.pressure(frozen: 2, fill: 1, levelZero: 8))
                == .slow(microseconds: WriteStall.longestDelayMicroseconds, .memtables))
    }

    @Test func delaysGrowWithThePressureAndStayInTheirBound() {
        var last = 0
        for step in 0...100 {
            switch WriteStall.decide(Self.pressure(frozen: 2, fill: Double(step) / 100)) {
            case .slow(let microseconds, .memtables):
                #expect(microseconds >= last && microseconds <= WriteStall.longestDelayMicroseconds)
                last = microseconds
            case .proceed: #expect(step <= 50)
            default: Issue.record("step \(step)")
            }
        }
        #expect(last == WriteStall.longestDelayMicroseconds)
    }
}
