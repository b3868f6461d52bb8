/// The deletion of a range: of every key from `lower` up to but not including `upper`, every version that is older than
/// `timestamp`. A version of the same timestamp stays: within a commit, a write comes after the deletions around it.
package struct RangeTombstone: Sendable, Equatable {
    package let lower: [UInt8]
    /// `nil` when there is no end.
    package let upper: [UInt8]?
    package let timestamp: Timestamp

    package init(lower: [UInt8], upper: [UInt8]?, timestamp: Timestamp) {
        self.lower = lower
        self.upper = upper
        self.timestamp = timestamp
    }
}
