/// A set of range tombstones, immutable, which answers for any key and timestamp which of them counts.
///
/// How it works:
/// 1. The bounds of all tombstones, in order and each once, cut the keys into *intervals*: number i is from bound i up
///    to the next one, the last one has no end. Within an interval the same tombstones cover every key.
/// 2. Over the intervals stands a segment tree: a tombstone is kept in the few nodes whose intervals together are its
///    own, at most two in each row. Those that cover an interval are in the nodes from its leaf to the root.
/// 3. Each node's timestamps descend, so that the newest at or below a given one is found by a search in each node of
///    the way: O(log² n). Each node also knows the newest timestamp in and below it, for questions about ranges.
///
/// Rejected: a list of timestamps for each interval. It takes one step less to search, but deleting from the front of
/// a queue again and again, [0, 1), [0, 2), [0, 3), ..., makes it quadratic: 400 MB for ten thousand deletions, which
/// take 1.4 MB here.
package final class RangeTombstones: @unchecked Sendable {
    // @unchecked: the memory is written in `init` only, and freed in `deinit`.

    /// One tombstone; bounds by their numbers, the number of bounds standing for "no end".
    private struct Item {
        let lower: UInt32
        let upper: UInt32
        let timestamp: UInt64
    }

    /// One tombstone whose bounds somebody else owns.
    private struct Piece {
        let lower: BorrowedBytes
        let upper: BorrowedBytes?
        let timestamp: UInt64
    }

    /// How many tombstones there are. Those of one timestamp are disjoint, and do not touch.
    package let count: Int
    package let boundCount: Int
    /// About what the set takes in memory.
    package let memoryBytes: Int
    package let smallestTimestamp: Timestamp
    private let boundBytes: UnsafeMutableRawPointer
    /// Where each bound begins; one more than bounds.
    private let boundStarts: UnsafeMutablePointer<Int>
    /// By lower bound, those of one bound from the newest to the oldest.
    private let items: UnsafeMutablePointer<Item>
    /// A power of two, at least the number of intervals. Node 1 is the root, the children of n are 2n and 2n + 1.
    private let leafCount: Int
    /// Where each node's timestamps begin; one more than nodes.
    private let nodeStarts: UnsafeMutablePointer<Int>
    private let nodeTimestamps: UnsafeMutablePointer<UInt64>
    /// The newest timestamp in each node and below it; 0 when there is none.
    private let newestBelow: UnsafeMutablePointer<UInt64>

    /// A set of any tombstones, in any order. None of them is empty.
    package convenience init(_ tombstones: [RangeTombstone]) {
        let total = tombstones.reduce(0) { $0 + $1.lower.count + ($1.upper?.count ?? 0) }
        let copies = UnsafeMutableRawPointer.allocate(byteCount: max(total, 1), alignment: 8)
        defer { copies.deallocate() }
        var used = 0
        func copy(_ bytes: [UInt8]) -> BorrowedBytes {
            let target = copies + used
            bytes.withUnsafeBytes {
                if let base = $0.baseAddress { target.copyMemory(from: base, byteCount: $0.count) }
            }
            used += bytes.count
            return BorrowedBytes(base: target, count: bytes.count)
        }
        self.init(
            tombstones.map { tombstone in
                Piece(
                    lower: copy(tombstone.lower), upper: tombstone.upper.map(copy),
                    timestamp: tombstone.timestamp.rawValue)
            })
    }

    /// What is in any of several sets.
    package convenience init(merging sets: [RangeTombstones]) {
        self.init(sets.flatMap { set in (0..<set.count).map { set.piece($0) } })
        // The pieces point into the sets.
        withExtendedLifetime(sets) {}
    }

    private init(_ pieces: [Piece]) {
        let joined = Self.joined(pieces)
        let bounds = Self.bounds(of: joined)
        count = joined.count
        boundCount = bounds.count

        boundStarts = .allocate(capacity: bounds.count + 1)
        boundBytes = .allocate(byteCount: max(bounds.reduce(0) { $0 + $1.count }, 1), alignment: 8)
        var position = 0
        for (number, bound) in bounds.enumerated() {
            (boundStarts + number).initialize(to: position)
            (boundBytes + position).copyMemory(from: bound.base, byteCount: bound.count)
            position += bound.count
        }
        (boundStarts + bounds.count).initialize(to: position)

        func number(_ bound: BorrowedBytes) -> UInt32 {
            UInt32(Self.lastIndex(atOrBefore: bound, count: bounds.count) { bounds[$0] })
        }
        // Newest first, as `joined` is from the oldest: the order in which nodes are filled.
        let newestFirst = joined.reversed().map {
            Item(
                lower: number($0.lower), upper: $0.upper.map(number) ?? UInt32(bounds.count), timestamp: $0.timestamp)
        }
        items = .allocate(capacity: max(count, 1))
        let ordered = newestFirst.sorted { $0.lower != $1.lower ? $0.lower < $1.lower : $0.timestamp > $1.timestamp }
        items.initialize(from: ordered, count: count)
        smallestTimestamp = Timestamp(rawValue: joined.first?.timestamp ?? Timestamp.max.rawValue)

        var leaves = 1
        while leaves < bounds.count { leaves *= 2 }
        leafCount = leaves
        let nodeCount = 2 * leaves
        let starts = UnsafeMutablePointer<Int>.allocate(capacity: nodeCount + 1)
        starts.initialize(repeating: 0, count: nodeCount + 1)
        let below = UnsafeMutablePointer<UInt64>.allocate(capacity: nodeCount)
        below.initialize(repeating: 0, count: nodeCount)
        for item in newestFirst { Self.forEachNode(of: item, leaves) { starts[$0 + 1] += 1 } }
        for node in 0..<nodeCount { starts[node + 1] += starts[node] }
        let keptCount = starts[nodeCount]
        let timestamps = UnsafeMutablePointer<UInt64>.allocate(capacity: max(keptCount, 1))
        var filled = (0..<nodeCount).map { starts[$0] }
        for item in newestFirst {
            Self.forEachNode(of: item, leaves) { node in
                (timestamps + filled[node]).initialize(to: item.timestamp)
                filled[node] += 1
                below[node] = max(below[node], item.timestamp)
            }
        }
        for node in stride(from: leaves - 1, to: 0, by: -1) {
            below[node] = max(below[node], below[2 * node], below[2 * node + 1])
        }
        nodeStarts = starts
        newestBelow = below
        nodeTimestamps = timestamps
        memoryBytes = position + bounds.count * 8 + count * 16 + nodeCount * 16 + keptCount * 8
    }

    deinit {
        boundBytes.deallocate()
        boundStarts.deallocate()
        items.deallocate()
        nodeStarts.deallocate()
        nodeTimestamps.deallocate()
        newestBelow.deallocate()
    }

    /// From the oldest to the newest, those of one timestamp in order and joined where they overlap or touch: a
    /// tombstone that was cut, as tables are, becomes one again.
    private static func joined(_ pieces: [Piece]) -> [Piece] {
        let sorted = pieces.sorted { a, b in
            a.timestamp != b.timestamp ? a.timestamp < b.timestamp : KeyOrder.compare(a.lower, b.lower) < 0
        }
        var joined: [Piece] = []
        joined.reserveCapacity(sorted.count)
        for piece in sorted {
            guard let last = joined.last, last.timestamp == piece.timestamp,
                last.upper.map({ KeyOrder.compare(piece.lower, $0) <= 0 }) ?? true
            else {
                joined.append(piece)
                continue
            }
            guard let end = last.upper else { continue }
            if piece.upper.map({ KeyOrder.compare(end, $0) < 0 }) ?? true {
                joined[joined.count - 1] = Piece(lower: last.lower, upper: piece.upper, timestamp: last.timestamp)
            }
        }
        return joined
    }

    private static func bounds(of pieces: [Piece]) -> [BorrowedBytes] {
        var bounds: [BorrowedBytes] = []
        bounds.reserveCapacity(pieces.count * 2)
        for piece in pieces {
            bounds.append(piece.lower)
            if let upper = piece.upper { bounds.append(upper) }
        }
        bounds.sort { KeyOrder.compare($0, $1) < 0 }
        var kept = 0
        for bound in bounds where kept == 0 || !KeyOrder.isEqual(bounds[kept - 1], bound) {
            bounds[kept] = bound
            kept += 1
        }
        bounds.removeLast(bounds.count - kept)
        return bounds
    }

    private static func forEachNode(of item: Item, _ leafCount: Int, _ body: (Int) -> Void) {
        var low = leafCount + Int(item.lower)
        // A tombstone without an end reaches the last interval; the leaves behind that one stand for nothing.
        var high = leafCount + Int(item.upper)
        while low < high {
            if low & 1 == 1 {
                body(low)
                low += 1
            }
            if high & 1 == 1 {
                high -= 1
                body(high)
            }
            low /= 2
            high /= 2
        }
    }

    @inline(__always)
    private static func lastIndex(
        atOrBefore key: BorrowedBytes, count: Int, bound: (Int) -> BorrowedBytes
    ) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if KeyOrder.compare(bound(middle), key) <= 0 { low = middle + 1 } else { high = middle }
        }
        return low - 1
    }

    // MARK: Intervals

    package var isEmpty: Bool { count == 0 }

    /// A bound, lent for the set's life.
    @inline(__always)
    package func bound(_ number: Int) -> BorrowedBytes {
        BorrowedBytes(base: boundBytes + boundStarts[number], count: boundStarts[number + 1] - boundStarts[number])
    }

    /// The interval that `key` is in; -1 when it is before all of them.
    @inline(__always)
    package func interval(of key: BorrowedBytes) -> Int {
        Self.lastIndex(atOrBefore: key, count: boundCount) { bound($0) }
    }

    /// The newest tombstone at or below `timestamp` that covers an interval; `Timestamp.zero`, which no commit has,
    /// when there is none.
    @inline(__always)
    package func newest(in interval: Int, at timestamp: Timestamp) -> Timestamp {
        guard interval >= 0 else { return .zero }
        var newest: UInt64 = 0
        var node = leafCount + interval
        while node > 0 {
            let end = nodeStarts[node + 1]
            let first = firstIndex(in: node) { $0 <= timestamp.rawValue }
            if first < end { newest = max(newest, nodeTimestamps[first]) }
            node /= 2
        }
        return Timestamp(rawValue: newest)
    }

    /// The oldest tombstone above `timestamp` that covers an interval; `nil` when there is none.
    package func oldest(in interval: Int, above timestamp: Timestamp) -> Timestamp? {
        guard interval >= 0 else { return nil }
        var oldest = UInt64.max
        var node = leafCount + interval
        while node > 0 {
            let start = nodeStarts[node]
            let end = firstIndex(in: node) { $0 <= timestamp.rawValue }
            if end > start { oldest = min(oldest, nodeTimestamps[end - 1]) }
            node /= 2
        }
        return oldest == .max ? nil : Timestamp(rawValue: oldest)
    }

    /// Every tombstone above `timestamp` that covers an interval, newest first.
    package func timestamps(in interval: Int, above timestamp: Timestamp = .zero) -> [Timestamp] {
        guard interval >= 0 else { return [] }
        var found: [Timestamp] = []
        var node = leafCount + interval
        while node > 0 {
            for index in nodeStarts[node]..<firstIndex(in: node, where: { $0 <= timestamp.rawValue }) {
                found.append(Timestamp(rawValue: nodeTimestamps[index]))
            }
            node /= 2
        }
        return found.sorted(by: >)
    }

    /// The first place in a node's timestamps, which descend, for which `isBelow` holds.
    @inline(__always)
    private func firstIndex(in node: Int, where isBelow: (UInt64) -> Bool) -> Int {
        var low = nodeStarts[node]
        var high = nodeStarts[node + 1]
        // Most reads are at the newest timestamp of all.
        if low == high || isBelow(nodeTimestamps[low]) { return low }
        while low < high {
            let middle = (low + high) / 2
            if isBelow(nodeTimestamps[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    // MARK: Keys and ranges

    /// The newest tombstone at or below `timestamp` that covers `key`; `Timestamp.zero` when there is none.
    @inline(__always)
    package func newest(covering key: BorrowedBytes, at timestamp: Timestamp) -> Timestamp {
        newest(in: interval(of: key), at: timestamp)
    }

    /// Every tombstone that covers `key`, newest first.
    package func timestamps(covering key: BorrowedBytes) -> [Timestamp] { timestamps(in: interval(of: key)) }

    /// The newest tombstone that has keys from `lower` up to but not including `upper`; `Timestamp.zero` when there is
    /// none.
    package func newest(from lower: BorrowedBytes, upTo upper: BorrowedBytes?) -> Timestamp {
        var low = max(interval(of: lower), 0)
        var high = boundCount
        if let upper {
            high = interval(of: upper) + 1
            if high > 0, KeyOrder.isEqual(bound(high - 1), upper) { high -= 1 }
        }
        guard low < high else { return .zero }
        low += leafCount
        high += leafCount - 1
        // What is kept above the two ends covers all between them or more; what is below nodes in between, a part.
        var newest = max(newestOnWay(from: low), newestOnWay(from: high))
        while low <= high {
            newest = max(newest, newestBelow[low], newestBelow[high])
            low = (low + 1) / 2
            high = (high - 1) / 2
        }
        return Timestamp(rawValue: newest)
    }

    private func newestOnWay(from leaf: Int) -> UInt64 {
        var newest: UInt64 = 0
        var node = leaf
        while node > 0 {
            if nodeStarts[node] < nodeStarts[node + 1] { newest = max(newest, nodeTimestamps[nodeStarts[node]]) }
            node /= 2
        }
        return newest
    }

    // MARK: The tombstones themselves

    /// One tombstone, by lower bound and then from the newest to the oldest; bounds by their numbers, ``boundCount``
    /// standing for "no end".
    package func item(_ index: Int) -> (lower: Int, upper: Int, timestamp: Timestamp) {
        let item = items[index]
        return (Int(item.lower), Int(item.upper), Timestamp(rawValue: item.timestamp))
    }

    private func piece(_ index: Int) -> Piece {
        let item = items[index]
        return Piece(
            lower: bound(Int(item.lower)), upper: Int(item.upper) < boundCount ? bound(Int(item.upper)) : nil,
            timestamp: item.timestamp)
    }

    /// All of them, copied.
    package var list: [RangeTombstone] {
        (0..<count).map { index in
            let piece = piece(index)
            return RangeTombstone(
                lower: piece.lower.array, upper: piece.upper?.array, timestamp: Timestamp(rawValue: piece.timestamp))
        }
    }

    /// What of them lies in `range`.
    package func clipped(to range: KeyRange) -> RangeTombstones {
        RangeTombstones(
            list.compactMap { tombstone in
                guard range.overlaps(KeyRange(from: tombstone.lower, upTo: tombstone.upper)) else { return nil }
                let isBefore = tombstone.lower.lexicographicallyPrecedes(range.lowerBound)
                let ends = [tombstone.upper, range.upperBound].compactMap { $0 }
                return RangeTombstone(
                    lower: isBefore ? range.lowerBound : tombstone.lower,
                    upper: ends.min { $0.lexicographicallyPrecedes($1) }, timestamp: tombstone.timestamp)
            })
    }

    /// The first key that any covers. There is at least one.
    package var lower: BorrowedBytes { bound(0) }

    /// The first key behind all that are covered; `nil` when there is no end.
    package var upper: BorrowedBytes? {
        timestampsReachTheEnd ? nil : bound(boundCount - 1)
    }

    private var timestampsReachTheEnd: Bool { newest(in: boundCount - 1, at: .max) > .zero }

    package var largestTimestamp: Timestamp { Timestamp(rawValue: newestBelow[1]) }
}
