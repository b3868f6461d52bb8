/// What the log has done since it was opened, and what it holds.
package struct LogStatistics: Sendable, Equatable {
    package let groups: UInt64
    package let payloadBytes: UInt64
    package let liveBytes: UInt64
    package let liveSegments: Int
    /// Spares with a header, ready for use.
    package let readySegments: Int
    /// Spares without.
    package let blankSegments: Int
    /// Waiting for the older superblock slot to be replaced.
    package let retiredSegments: Int
    package let segmentsMade: Int
    package let segmentsRecycled: Int
    /// Segments that commits had to wait for, because too few spares were ready.
    package let segmentsAwaited: UInt64

    /// Segments that were made or recycled, and are not ready any more: commits have taken them.
    package var segmentsUsed: Int { segmentsMade + segmentsRecycled - readySegments }
}
