extension Statistics {
    /// How far back the store can be read, and what keeps the oldest state of it.
    public struct Past: Sendable, Hashable {
        /// What keeps a state readable.
        @nonexhaustive public enum Holder: Sendable, Hashable {
            /// The retention: nothing older is held.
            case retention
            /// A named snapshot.
            case named(String)
            /// An open snapshot or transaction.
            case reader
        }

        /// The limits in the file.
        public let retention: Retention
        /// The oldest timestamp that can be read without a name.
        public let oldestReadable: Timestamp
        /// When it was committed, in milliseconds since 1970, as far as it is known.
        public let oldestReadableTime: Int64?
        /// The named snapshots, in the order of their names' bytes.
        public let snapshots: [NamedSnapshot]
        /// The oldest timestamp of which anything is kept.
        public let oldestHeld: Timestamp
        /// What keeps it: dropping or closing that lets older versions go.
        public let holder: Holder
    }
}

extension DatabaseCore {
    var pastStatistics: Statistics.Past {
        let history = engine.versions.history
        let floor = oldestReadableTimestamp
        var oldest = (timestamp: floor, holder: Statistics.Past.Holder.retention)
        if let reader = snapshots.openTimestamps.first, reader < oldest.timestamp { oldest = (reader, .reader) }
        for snapshot in history.snapshots where snapshot.timestamp < oldest.timestamp {
            oldest = (snapshot.timestamp, .named(snapshot.name))
        }
        return Statistics.Past(
            retention: history.retention, oldestReadable: floor, oldestReadableTime: engine.unixTime(of: floor),
            snapshots: history.snapshots, oldestHeld: oldest.timestamp, holder: oldest.holder)
    }
}
