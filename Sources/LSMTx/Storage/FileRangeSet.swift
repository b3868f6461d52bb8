/// Bytes of the file, as disjoint ranges in order.
package struct FileRangeSet: Equatable, Sendable {
    package private(set) var ranges: [FileRange] = []

    /// - Parameter ranges: Disjoint, in order.
    package init(_ ranges: [FileRange] = []) { self.ranges = ranges }

    package var byteCount: UInt64 { ranges.reduce(0) { $0 + $1.length } }

    package mutating func insert(_ range: FileRange) {
        guard range.length > 0 else { return }
        var start = range.offset
        var end = range.end
        var kept: [FileRange] = []
        for known in ranges {
            if known.end < start || known.offset > end {
                kept.append(known)
            } else {
                start = min(start, known.offset)
                end = max(end, known.end)
            }
        }
        let index = kept.firstIndex { $0.offset > start } ?? kept.endIndex
        kept.insert(FileRange(offset: start, length: end - start), at: index)
        ranges = kept
    }

    package mutating func remove(_ range: FileRange) {
        guard range.length > 0, ranges.contains(where: { $0.overlaps(range) }) else { return }
        ranges = ranges.flatMap { known -> [FileRange] in
            guard known.overlaps(range) else { return [known] }
            var rest: [FileRange] = []
            if known.offset < range.offset {
                rest.append(FileRange(offset: known.offset, length: range.offset - known.offset))
            }
            if range.end < known.end { rest.append(FileRange(offset: range.end, length: known.end - range.end)) }
            return rest
        }
    }

    package func intersection(_ other: FileRangeSet) -> FileRangeSet {
        var result: [FileRange] = []
        var (first, second) = (ranges[...], other.ranges[...])
        while let left = first.first, let right = second.first {
            let start = max(left.offset, right.offset)
            let end = min(left.end, right.end)
            if start < end { result.append(FileRange(offset: start, length: end - start)) }
            if left.end <= right.end { first.removeFirst() } else { second.removeFirst() }
        }
        return FileRangeSet(result)
    }

    package func subtracting(_ other: FileRangeSet) -> FileRangeSet {
        var result = self
        for range in other.ranges { result.remove(range) }
        return result
    }

    /// Without the lowest `count` bytes.
    package func dropping(_ count: UInt64) -> FileRangeSet {
        var left = count
        var result: [FileRange] = []
        for range in ranges {
            let skipped = min(left, range.length)
            left -= skipped
            if skipped < range.length {
                result.append(FileRange(offset: range.offset + skipped, length: range.length - skipped))
            }
        }
        return FileRangeSet(result)
    }
}
