import LSMTxSimulation
import Testing

@testable import LSMTx

@Suite struct CommitTimelineTests {
    #if DEBUG
    private static let seeds: UInt64 = 12
    private static let count = 3_000
    #else
    private static let seeds: UInt64 = 80
    private static let count = 20_000
    #endif

    private static func sample(_ timestamp: UInt64, _ milliseconds: UInt64, _ position: UInt64) -> CommitTimeline.Sample
    {
        CommitTimeline.Sample(
            timestamp: Timestamp(rawValue: timestamp), milliseconds: milliseconds,
            position: LogSequenceNumber(rawValue: position))
    }

    /// Samples in bursts and pauses of all lengths, the clock going back now and then.
    private static func samples(
        _ count: Int, using random: inout SeededGenerator
    ) -> [CommitTimeline.Sample] {
        var (timestamp, milliseconds, position): (UInt64, UInt64, UInt64) = (0, 1_000_000, 0)
        return (0..<count).map { _ in
            timestamp += UInt64.random(in: 1...50, using: &random)
            let pause = UInt64(1) << UInt64.random(in: 3...14, using: &random)
            milliseconds += UInt64.random(in: 0...pause, using: &random)
            position += UInt64(1) << UInt64.random(in: 6...21, using: &random)
            let back = Int.random(in: 0..<50, using: &random) == 0 ? UInt64.random(in: 0...5_000, using: &random) : 0
            return sample(timestamp, milliseconds - min(back, milliseconds), position)
        }
    }

    private static func ascends(_ samples: [CommitTimeline.Sample]) -> Bool {
        zip(samples, samples.dropFirst()).allSatisfy { left, right in
            left.timestamp < right.timestamp && left.milliseconds <= right.milliseconds
                && left.position <= right.position
        }
    }

    @Test func thinningKeepsEveryAnswerWithinAThousandthOfItsAge() {
        for seed in 0..<Self.seeds {
            var random = SeededGenerator(seed: seed)
            let all = Self.samples(Self.count, using: &random)
            var timeline = CommitTimeline()
            // What the rules make of the samples before any goes.
            var exact: [CommitTimeline.Sample] = []
            for sample in all {
                timeline.append(sample)
                let last = exact.last ?? sample
                exact.append(
                    Self.sample(
                        sample.timestamp.rawValue, max(sample.milliseconds, last.milliseconds),
                        max(sample.position.rawValue, last.position.rawValue)))
            }
            timeline.thin()
            #expect(Self.ascends(timeline.samples) && timeline.samples.last == exact.last, "seed \(seed)")
            #expect(timeline.samples.count < Self.count, "seed \(seed)")
            let newest = exact[exact.count - 1]
            for _ in 0..<200 {
                let time = UInt64.random(in: exact[0].milliseconds...newest.milliseconds, using: &random)
                guard let found = timeline.newest(committedBy: time) else {
                    Issue.record("seed \(seed): nothing at \(time)")
                    continue
                }
                let right = exact.last { $0.milliseconds <= time }!
                let slack = (newest.milliseconds - time) / CommitTimeline.resolution
                #expect(found <= right.timestamp, "seed \(seed), time \(time)")
                let early = exact.last { $0.milliseconds + slack <= right.milliseconds }
                #expect(early.map { found >= $0.timestamp } ?? true, "seed \(seed), time \(time)")

                let place = UInt64.random(in: exact[0].position.rawValue...newest.position.rawValue, using: &random)
                let byPlace = timeline.newest(endingBy: LogSequenceNumber(rawValue: place))!
                let rightPlace = exact.last { $0.position.rawValue <= place }!
                let slackBytes = (newest.position.rawValue - place) / CommitTimeline.resolution
                #expect(byPlace <= rightPlace.timestamp, "seed \(seed), place \(place)")
                let earlyPlace = exact.last { $0.position.rawValue + slackBytes <= rightPlace.position.rawValue }
                #expect(earlyPlace.map { byPlace >= $0.timestamp } ?? true, "seed \(seed), place \(place)")

                let sample = exact.randomElement(using: &random)!
                let milliseconds = timeline.milliseconds(of: sample.timestamp)!
                let age = newest.milliseconds - sample.milliseconds
                #expect(
                    milliseconds >= sample.milliseconds
                        && milliseconds - sample.milliseconds <= age / CommitTimeline.resolution, "seed \(seed)")
                // A time leads to no earlier timestamp than the one that it is the time of.
                #expect(timeline.newest(committedBy: milliseconds)! >= sample.timestamp, "seed \(seed)")
            }
        }
    }

    @Test func manyCommitsOverYearsTakeFewSamples() {
        var timeline = CommitTimeline()
        var milliseconds: UInt64 = 0
        // Ten commits a second for an hour, then one every ten minutes for ten years.
        for number in 0..<UInt64(36_000) {
            milliseconds += 100
            timeline.append(Self.sample(number + 1, milliseconds, number * 100))
        }
        for number in 36_000..<UInt64(36_000 + 525_600) {
            milliseconds += 600_000
            timeline.append(Self.sample(number + 1, milliseconds, number * 100))
        }
        timeline.thin()
        #expect(timeline.samples.count < 12_000)
    }

    @Test func aClockThatGoesBackRepeatsItself() {
        var timeline = CommitTimeline()
        for (timestamp, milliseconds) in [(1, 100), (2, 200), (3, 50), (4, 60), (5, 300)] as [(UInt64, UInt64)] {
            timeline.append(Self.sample(timestamp, milliseconds, timestamp))
        }
        #expect(timeline.samples.map(\.milliseconds) == [100, 200, 200, 200, 300])
        #expect(timeline.newest(committedBy: 199) == Timestamp(rawValue: 1))
        #expect(timeline.newest(committedBy: 200) == Timestamp(rawValue: 4))
        #expect(timeline.newest(committedBy: 99) == nil)
        #expect(timeline.milliseconds(of: Timestamp(rawValue: 3)) == 200)
        #expect(timeline.milliseconds(of: .zero) == nil)
        timeline.append(Self.sample(5, 900, 900))
        #expect(timeline.samples.count == 5)
    }

    @Test func pruningChangesNoAnswerAtOrAboveTheFloor() {
        for seed in 0..<Self.seeds {
            var random = SeededGenerator(seed: seed)
            var timeline = CommitTimeline()
            for sample in Self.samples(200, using: &random) { timeline.append(sample) }
            let floor = Timestamp(rawValue: UInt64.random(in: 0...6_000, using: &random))
            var pruned = timeline
            pruned.prune(below: floor)
            #expect(pruned.samples.count <= timeline.samples.count)
            #expect(pruned.samples.filter { $0.timestamp <= floor }.count <= 1, "seed \(seed)")
            for sample in timeline.samples {
                let before = timeline.newest(committedBy: sample.milliseconds)
                if let before, before >= floor {
                    #expect(pruned.newest(committedBy: sample.milliseconds) == before, "seed \(seed)")
                }
                if sample.timestamp >= floor {
                    #expect(
                        pruned.milliseconds(of: sample.timestamp) == timeline.milliseconds(of: sample.timestamp),
                        "seed \(seed)")
                }
            }
        }
    }

    @Test func manySkipsBecomeFew() {
        var timeline = CommitTimeline()
        // One commit, then a skip of nine, again and again.
        for number in 0..<UInt64(5_000) {
            timeline.append(
                CommitTimeline.Skip(
                    after: Timestamp(rawValue: number * 10 + 1), through: Timestamp(rawValue: number * 10 + 10)))
        }
        #expect(timeline.skips.count == CommitTimeline.maximumSkips)
        let newest = Timestamp(rawValue: 50_000)
        #expect(timeline.timestamp(900, before: newest) == Timestamp(rawValue: 50_000 - 900 * 10))
        // More is kept than was asked for, never less.
        #expect(timeline.timestamp(3_000, before: newest) < Timestamp(rawValue: 20_000))
    }

    @Test func commitsAreCountedBackAcrossWhatWasSkipped() {
        // Every way in which ten timestamps may be commits or skipped.
        for pattern in 0..<UInt64(1 << 10) {
            var timeline = CommitTimeline()
            var commits: [UInt64] = []
            for number in 1...UInt64(10) {
                if pattern & (1 << (number - 1)) == 0 {
                    commits.append(number)
                } else {
                    timeline.append(
                        CommitTimeline.Skip(
                            after: Timestamp(rawValue: commits.last ?? 0), through: Timestamp(rawValue: number)))
                }
            }
            for newest in 0...UInt64(10) {
                for count in 0...11 {
                    let found = timeline.timestamp(UInt64(count), before: Timestamp(rawValue: newest)).rawValue
                    let seen = commits.filter { $0 <= newest }
                    // So many commits lie above it, or all that there are.
                    #expect(
                        seen.filter { $0 > found }.count == min(count, seen.count),
                        "pattern \(pattern), \(count) before \(newest)")
                    #expect(found <= newest)
                }
            }
        }
    }
}
