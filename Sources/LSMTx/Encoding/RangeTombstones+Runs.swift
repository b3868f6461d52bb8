/// What a set of range tombstones covers of a range, whichever of them it is.
extension RangeTombstones {
    /// Neighbouring intervals that are all covered.
    package struct Run: Sendable, Equatable {
        package var range: KeyRange
        /// The newest of the tombstones that are the first to cover an interval: from there on all of the run is hidden.
        package var hiddenFrom: Timestamp
    }

    /// The covered parts of `range`, in order, by tombstones after `timestamp` alone.
    package func runs(in range: KeyRange, above timestamp: Timestamp = .zero) -> [Run] {
        guard !isEmpty, !range.isEmpty else { return [] }
        var runs: [Run] = []
        var number = range.lowerBound.withUnsafeBytes { max(interval(of: BorrowedBytes($0)), 0) }
        while number < boundCount {
            let part = KeyRange(
                from: bound(number).array, upTo: number + 1 < boundCount ? bound(number + 1).array : nil)
            if let upper = range.upperBound, !part.lowerBound.lexicographicallyPrecedes(upper) { break }
            defer { number += 1 }
            guard part.overlaps(range), let hidden = oldest(in: number, above: timestamp) else { continue }
            let clipped = part.clipped(to: range)
            if let last = runs.last, last.range.upperBound == clipped.lowerBound {
                runs[runs.count - 1].range = last.range.hull(clipped)
                runs[runs.count - 1].hiddenFrom = max(last.hiddenFrom, hidden)
            } else {
                runs.append(Run(range: clipped, hiddenFrom: hidden))
            }
        }
        return runs
    }
}
