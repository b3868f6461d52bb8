/// A scan that a transaction made and what it yielded.
///
/// ```swift
/// let scan = ScanRecord(from: "a", to: "m", pairs: [ScanRecord.Pair(key: "b", value: .integer(1))])
/// ```
public struct ScanRecord: Hashable, Sendable {
    /// One entry that a scan yielded.
    public struct Pair: Hashable, Sendable {
        /// The key.
        public var key: String
        /// Its value.
        public var value: HistoryValue

        /// An entry.
        ///
        /// - Parameters:
        ///   - key: The key.
        ///   - value: Its value.
        public init(key: String, value: HistoryValue) {
            self.key = key
            self.value = value
        }
    }

    /// The first key of the range.
    public var lower: String
    /// The first key behind the range.
    public var upper: String
    /// The most entries that were asked for.
    public var limit: Int?
    /// Whether the scan went from the range's end to its start.
    public var isReverse: Bool
    /// The entries in the order in which they came; `nil` where the event does not know them.
    public var pairs: [Pair]?

    /// A scan.
    ///
    /// - Parameters:
    ///   - lower: The first key of the range.
    ///   - upper: The first key behind the range.
    ///   - limit: The most entries that were asked for.
    ///   - isReverse: Whether it went from the end to the start.
    ///   - pairs: What it yielded, if that is known.
    public init(from lower: String, to upper: String, limit: Int? = nil, isReverse: Bool = false, pairs: [Pair]?) {
        self.lower = lower
        self.upper = upper
        self.limit = limit
        self.isReverse = isReverse
        self.pairs = pairs
    }
}
