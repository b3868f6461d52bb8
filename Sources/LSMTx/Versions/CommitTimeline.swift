/// When commits happened and where the log then stood: a sparse map between timestamps, wall-clock times and log
/// positions, all ascending.
///
/// The rules:
/// 1. A sample says that its timestamp was the newest one committed at its time, and that its record ended at its
///    position. Between two samples next to each other lies little time, or nothing was committed (`CommitClock`).
/// 2. Where the clock went back, the last time is repeated: a time never leads to a timestamp that came later.
/// 3. A sample goes when its neighbours are no further apart, in time and in log, than a thousandth of their age. So
///    a lookup of something that lies x back is off by x / 1000 at most, and the number of samples grows with the
///    logarithm of what is kept.
/// 4. Timestamps that a crash skipped are known, so that a number of commits can be counted back across them.
///
/// Labels for people and limits for the retention come from here; nothing that must be correct depends on it.
package struct CommitTimeline: Sendable, Equatable {
    package struct Sample: Sendable, Hashable {
        package let timestamp: Timestamp
        /// Milliseconds since 1970.
        package let milliseconds: UInt64
        package let position: LogSequenceNumber

        package init(timestamp: Timestamp, milliseconds: UInt64, position: LogSequenceNumber) {
            self.timestamp = timestamp
            self.milliseconds = min(milliseconds, CommitTimeline.maximumMilliseconds)
            self.position = position
        }
    }

    /// Timestamps that were never given: those above `after`, up to `through`.
    package struct Skip: Sendable, Hashable {
        package let after: Timestamp
        package let through: Timestamp

        package init(after: Timestamp, through: Timestamp) {
            self.after = after
            self.through = through
        }
    }

    /// Far beyond any clock, and far enough below the end of the numbers to count with.
    package static let maximumMilliseconds: UInt64 = 1 << 53
    /// What a sample may be off by, as a part of its age.
    package static let resolution: UInt64 = 1000
    private static let leastThinned = 512
    /// Far more samples than rule 3 leaves, and more skips than anybody looks back over.
    package static let maximumSamples = 1 << 20
    package static let maximumSkips = 1000

    /// Ascending.
    package private(set) var samples: [Sample] = []
    package private(set) var skips: [Skip] = []
    private var thinsAt = leastThinned

    package init() {}

    // MARK: Growing

    /// Adds a sample. One that is not newer than the last says nothing new.
    package mutating func append(_ sample: Sample) {
        guard let last = samples.last else {
            samples.append(sample)
            return
        }
        guard sample.timestamp > last.timestamp else { return }
        samples.append(
            Sample(
                timestamp: sample.timestamp, milliseconds: max(sample.milliseconds, last.milliseconds),
                position: max(sample.position, last.position)))
        guard samples.count >= thinsAt else { return }
        thin()
        thinsAt = max(Self.leastThinned, samples.count * 2)
    }

    /// Calls `body` with `newest` as the last sample, and takes it away again: without a copy of the others.
    package mutating func with<R>(_ newest: Sample, _ body: (CommitTimeline) -> R) -> R {
        let last = samples.last ?? newest
        samples.append(
            Sample(
                timestamp: newest.timestamp, milliseconds: max(newest.milliseconds, last.milliseconds),
                position: max(newest.position, last.position)))
        defer { samples.removeLast() }
        return body(self)
    }

    /// Adds a skip. Without a commit since the last one, that one reaches further. When there are too many, the oldest two
    /// become one: commits between them then count for nothing.
    package mutating func append(_ skip: Skip) {
        guard skip.through > skip.after else { return }
        if let last = skips.last, skip.after <= last.through {
            skips[skips.count - 1] = Skip(after: last.after, through: max(last.through, skip.through))
        } else {
            skips.append(skip)
        }
        guard skips.count > Self.maximumSkips else { return }
        skips.replaceSubrange(..<2, with: [Skip(after: skips[0].after, through: skips[1].through)])
    }

    /// Forgets what only tells about timestamps below `floor`.
    package mutating func prune(below floor: Timestamp) {
        // The newest sample at or below the floor still tells when the floor was current.
        let kept = samples.firstIndex(after: { $0.timestamp <= floor }) - 1
        if kept > 0 { samples.removeFirst(kept) }
        let skipped = skips.firstIndex(after: { $0.through <= floor })
        if skipped > 0 { skips.removeFirst(skipped) }
    }

    /// Removes samples that rule 3 does without.
    package mutating func thin() {
        guard samples.count > 2, let newest = samples.last else { return }
        var kept = [samples[0]]
        for index in 1..<samples.count - 1 {
            let left = kept[kept.count - 1]
            let right = samples[index + 1]
            let isClose =
                right.milliseconds - left.milliseconds
                <= (newest.milliseconds - right.milliseconds) / Self.resolution
                && right.position.rawValue - left.position.rawValue
                    <= (newest.position.rawValue - right.position.rawValue) / Self.resolution
            if !isClose { kept.append(samples[index]) }
        }
        kept.append(newest)
        samples = kept
    }

    // MARK: Looking up

    /// The newest timestamp known to have been committed at that time.
    package func newest(committedBy milliseconds: UInt64) -> Timestamp? {
        let index = samples.firstIndex(after: { $0.milliseconds <= milliseconds })
        return index > 0 ? samples[index - 1].timestamp : nil
    }

    /// The newest timestamp known to end at that position of the log or before it.
    package func newest(endingBy position: LogSequenceNumber) -> Timestamp? {
        let index = samples.firstIndex(after: { $0.position <= position })
        return index > 0 ? samples[index - 1].timestamp : nil
    }

    /// A time at which `timestamp` was committed already, and not long; `nil` when it is older than all that is known.
    package func milliseconds(of timestamp: Timestamp) -> UInt64? {
        guard let first = samples.first, let last = samples.last, timestamp >= first.timestamp else { return nil }
        let index = samples.firstIndex(after: { $0.timestamp < timestamp })
        return index < samples.count ? samples[index].milliseconds : last.milliseconds
    }

    /// The timestamp that lies `commits` commits before `newest`, skipped ones not counted.
    package func timestamp(_ commits: UInt64, before newest: Timestamp) -> Timestamp {
        var left = commits
        var place = newest.rawValue
        for skip in skips.reversed() where skip.after.rawValue < place {
            // What was skipped ends at or before the place, or the place itself was skipped.
            let end = min(skip.through.rawValue, place)
            if place - end >= left { break }
            left -= place - end
            place = skip.after.rawValue
        }
        return Timestamp(rawValue: place > left ? place - left : 0)
    }
}

extension Array {
    /// The first index whose element does not satisfy `isBefore`, which all elements of a beginning do, and no other.
    fileprivate func firstIndex(after isBefore: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
