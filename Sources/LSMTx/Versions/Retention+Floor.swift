extension Retention {
    /// What the limits are counted back from.
    package struct Moment: Sendable {
        /// The newest commit that readers see.
        package var published: Timestamp
        /// The wall clock, in milliseconds since 1970.
        package var milliseconds: UInt64
        /// Where the log ends.
        package var logEnd: LogSequenceNumber

        package init(published: Timestamp, milliseconds: UInt64, logEnd: LogSequenceNumber) {
            self.published = published
            self.milliseconds = milliseconds
            self.logEnd = logEnd
        }
    }

    /// The oldest timestamp that the limits let be read; every later one can be read too.
    ///
    /// - Parameter timeline: Everything that is known, the newest commit included.
    package func floor(at moment: Moment, timeline: CommitTimeline) -> Timestamp {
        var floor = Timestamp.zero
        if let keepMilliseconds, moment.milliseconds >= keepMilliseconds,
            let current = timeline.newest(committedBy: moment.milliseconds - keepMilliseconds)
        {
            floor = max(floor, current)
        }
        if let commits { floor = max(floor, timeline.timestamp(commits, before: moment.published)) }
        if let logBytes, moment.logEnd.rawValue >= logBytes {
            let place = LogSequenceNumber(rawValue: moment.logEnd.rawValue - logBytes)
            if let before = timeline.newest(endingBy: place) { floor = max(floor, before) }
        }
        return min(floor, moment.published)
    }
}
