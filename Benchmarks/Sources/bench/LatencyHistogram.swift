/// Counts durations in buckets that grow with them, each about 3% wide, so that any quantile is known that closely.
///
/// One thread fills one; several are joined afterwards.
struct LatencyHistogram: Sendable {
    private static let subBuckets = 32
    private static let subBits = 5
    private var counts = [UInt64](repeating: 0, count: 60 * subBuckets)
    private(set) var count: UInt64 = 0
    private(set) var largest: UInt64 = 0

    /// - Parameter nanoseconds: What one operation took.
    @inline(__always)
    mutating func note(_ nanoseconds: UInt64) {
        counts[Self.bucket(nanoseconds)] += 1
        count += 1
        largest = max(largest, nanoseconds)
    }

    mutating func join(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
        largest = max(largest, other.largest)
    }

    /// What the share `quantile` of all operations took at most, in nanoseconds.
    func value(at quantile: Double) -> UInt64 {
        let rank = UInt64((Double(count) * quantile).rounded(.up))
        var seen: UInt64 = 0
        for (index, bucket) in counts.enumerated() {
            seen += bucket
            if seen >= rank, seen > 0 { return min(Self.upperBound(index), largest) }
        }
        return largest
    }

    @inline(__always)
    private static func bucket(_ value: UInt64) -> Int {
        let exponent = 63 - (value | UInt64(subBuckets)).leadingZeroBitCount
        let shift = exponent - subBits
        return min((shift << subBits) + Int(value >> UInt64(shift)), 60 * subBuckets - 1)
    }

    private static func upperBound(_ index: Int) -> UInt64 {
        guard index >= 2 * subBuckets else { return UInt64(index) }
        let shift = index / subBuckets - 1
        return (UInt64(index % subBuckets + subBuckets) + 1) << UInt64(shift)
    }
}
