import LSMTxTestSupport
import Testing

@testable import LSMTx

@Suite struct RetentionFloorTests {
    /// Commit n happened at n seconds and ended at n MiB of log.
    private static func timeline(_ count: UInt64) -> CommitTimeline {
        var timeline = CommitTimeline()
        for number in 1...count {
            timeline.append(
                CommitTimeline.Sample(
                    timestamp: Timestamp(rawValue: number), milliseconds: number * 1000,
                    position: LogSequenceNumber(rawValue: number << 20)))
        }
        return timeline
    }

    private static func floor(_ retention: Retention, milliseconds: UInt64 = 20_000) -> UInt64 {
        let moment = Retention.Moment(
            published: Timestamp(rawValue: 20), milliseconds: milliseconds,
            logEnd: LogSequenceNumber(rawValue: 20 << 20))
        return retention.floor(at: moment, timeline: timeline(20)).rawValue
    }

    @Test func eachLimitHasItsBorder() {
        #expect(Self.floor(Retention()) == 0)
        #expect(Self.floor(.snapshotsOnly) == 20)
        #expect(Self.floor(Retention(commits: 3)) == 17)
        #expect(Self.floor(Retention(commits: 20)) == 0)
        #expect(Self.floor(Retention(commits: .max)) == 0)
        #expect(Self.floor(Retention(keep: .zero)) == 20)
        // What was current five seconds ago can be read: the commit of then.
        #expect(Self.floor(Retention(keep: .seconds(5))) == 15)
        #expect(Self.floor(Retention(keep: .milliseconds(5_001))) == 14)
        #expect(Self.floor(Retention(keep: .milliseconds(4_999))) == 15)
        #expect(Self.floor(Retention(keep: .seconds(20))) == 0)
        #expect(Self.floor(Retention(logBytes: 0)) == 20)
        #expect(Self.floor(Retention(logBytes: 4 << 20)) == 16)
        #expect(Self.floor(Retention(logBytes: 4 << 20 + 1)) == 15)
        #expect(Self.floor(Retention(logBytes: .max)) == 0)
    }

    @Test func theTightestLimitCounts() {
        #expect(Self.floor(Retention(keep: .seconds(5), commits: 3, logBytes: 4 << 20)) == 17)
        #expect(Self.floor(Retention(keep: .seconds(2), commits: 3, logBytes: 4 << 20)) == 18)
        #expect(Self.floor(Retention(keep: .seconds(5), commits: 30, logBytes: 1 << 20)) == 19)
    }

    @Test func theFloorIsNeverAboveWhatIsPublished() {
        let moment = Retention.Moment(
            published: Timestamp(rawValue: 7), milliseconds: .max, logEnd: LogSequenceNumber(rawValue: 20 << 20))
        for retention in [Retention(keep: .zero), Retention(logBytes: 0), .snapshotsOnly] {
            #expect(retention.floor(at: moment, timeline: Self.timeline(20)).rawValue == 7)
        }
    }

    @Test func timesAreWholeMillisecondsAndNotNegative() throws {
        #expect(try Retention(keep: .nanoseconds(1)).checked().keep == .milliseconds(1))
        #expect(try Retention(keep: .zero).checked().keep == .zero)
        #expect(try Retention.standard.checked() == .standard)
        #expect(try Retention(commits: 1).checked() == Retention(commits: 1))
        let longest = Duration.milliseconds(Retention.maximumMilliseconds)
        #expect(try Retention(keep: longest).checked().keep == longest)
        for impossible in [
            Duration.nanoseconds(-1), .seconds(-1), .seconds(Int64.max), longest + .nanoseconds(1),
        ] {
            #expect { try Retention(keep: impossible).checked() } throws: { ($0 as? StoreError)?.code == .misuse }
        }
    }
}
