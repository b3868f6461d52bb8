/// What a transaction has read: the keys, there or not, and the ranges, as far as they were consumed. At commit nothing
/// of it may have changed.
///
/// Keys are kept themselves, not their hashes, so that a conflict is one in fact. Reading a key again adds nothing.
/// A handle to memory that its transaction makes with the first read and frees, as ``WriteSet`` is; while the transaction
/// waits for its commit, the leader reads it.
struct ReadSet {
    /// A key that was read.
    struct Point {
        let hash: UInt64
        /// Where the key begins among the bytes of all keys, and its length.
        let offset: Int
        let count: Int
    }

    private struct Fields: ~Copyable {
        var bytes: UnsafeMutableRawPointer
        var byteCount = 0
        var byteCapacity: Int
        var points: UnsafeMutablePointer<Point>
        var pointCount = 0
        var pointCapacity = ReadSet.firstPoints
        var index = EntryIndex()
        /// In the order of their lower bounds and without overlap once sealed.
        var ranges: [KeyRange] = []
        var rangeBytes = 0
        var mergeAt = ReadSet.firstMerge
    }

    private let fields: UnsafeMutablePointer<Fields>

    private static let firstPoints = 8
    private static let firstBytes = 256
    /// What a point and a range take beside their bytes, for the memory budget.
    private static let pointOverhead = 32
    private static let rangeOverhead = 96
    /// Ranges are merged when so many have come together, and then at each doubling.
    private static let firstMerge = 64

    /// An empty set, to be freed by ``deallocate()``.
    init() {
        fields = .allocate(capacity: 1)
        fields.initialize(
            to: Fields(
                bytes: .allocate(byteCount: Self.firstBytes, alignment: 8), byteCapacity: Self.firstBytes,
                points: .allocate(capacity: Self.firstPoints)))
    }

    /// Ends the set and every copy of the handle.
    func deallocate() {
        fields.pointee.bytes.deallocate()
        fields.pointee.points.deallocate()
        fields.deinitialize(count: 1)
        fields.deallocate()
    }

    var isEmpty: Bool { pointCount == 0 && fields.pointee.ranges.isEmpty }
    var pointCount: Int { fields.pointee.pointCount }
    var ranges: [KeyRange] { fields.pointee.ranges }

    /// What the set takes of the transaction's memory budget, in bytes.
    var cost: Int {
        fields.pointee.byteCount + fields.pointee.pointCount * Self.pointOverhead + fields.pointee.rangeBytes
            + fields.pointee.ranges.count * Self.rangeOverhead
    }

    /// - Complexity: O(bytes of the key).
    func insert(_ key: BorrowedBytes, hash: UInt64) {
        guard find(key, hash: hash) == nil else { return }
        let point = Point(hash: hash, offset: append(key), count: key.count)
        if pointCount == fields.pointee.pointCapacity { growPoints() }
        fields.pointee.points[pointCount] = point
        fields.pointee.pointCount += 1
        guard pointCount > EntryIndex.linearLimit else { return }
        if fields.pointee.index.isFull(for: pointCount) {
            fields.pointee.index.reset(for: pointCount)
            for entry in 0..<pointCount { fields.pointee.index.insert(entry, hash: fields.pointee.points[entry].hash) }
        } else {
            fields.pointee.index.insert(pointCount - 1, hash: hash)
        }
    }

    /// - Complexity: O(bytes of the bounds), spread over many calls O(log n) in the ranges.
    func insert(_ range: KeyRange) {
        guard !range.isEmpty else { return }
        fields.pointee.ranges.append(range)
        fields.pointee.rangeBytes += Self.bytes(of: range)
        guard fields.pointee.ranges.count >= fields.pointee.mergeAt else { return }
        seal()
        fields.pointee.mergeAt = max(Self.firstMerge, 2 * fields.pointee.ranges.count)
    }

    /// Puts the ranges in order and makes one of those that overlap or touch, for ``range(holding:)``.
    func seal() {
        guard fields.pointee.ranges.count > 1 else { return }
        let sorted = fields.pointee.ranges.sorted { $0.lowerBound.lexicographicallyPrecedes($1.lowerBound) }
        var merged: [KeyRange] = []
        for range in sorted {
            guard let last = merged.last, last.reaches(range.lowerBound) else {
                merged.append(range)
                continue
            }
            if let end = last.upperBound, range.reaches(end) {
                merged[merged.count - 1] = KeyRange(from: last.lowerBound, upTo: range.upperBound)
            }
        }
        fields.pointee.ranges = merged
        fields.pointee.rangeBytes = merged.reduce(0) { $0 + Self.bytes(of: $1) }
    }

    private static func bytes(of range: KeyRange) -> Int { range.lowerBound.count + (range.upperBound?.count ?? 0) }

    /// A key that was read, lent until the next insertion.
    func key(_ point: Int) -> BorrowedBytes {
        let point = fields.pointee.points[point]
        return BorrowedBytes(base: fields.pointee.bytes + point.offset, count: point.count)
    }

    func hash(_ point: Int) -> UInt64 { fields.pointee.points[point].hash }

    /// The number of the point that is `key`.
    @inline(__always)
    func find(_ key: BorrowedBytes, hash: UInt64) -> Int? {
        func isMatch(_ entry: Int) -> Bool {
            fields.pointee.points[entry].hash == hash && KeyOrder.isEqual(self.key(entry), key)
        }
        if fields.pointee.index.isEmpty {
            var entry = pointCount - 1
            while entry >= 0 {
                if isMatch(entry) { return entry }
                entry -= 1
            }
            return nil
        }
        return fields.pointee.index.find(hash, isMatch)
    }

    /// The number of the range that holds `key`; the set is sealed.
    func range(holding key: BorrowedBytes) -> Int? {
        guard !fields.pointee.ranges.isEmpty else { return nil }
        // The last range that begins at or before the key.
        var low = 0
        var high = fields.pointee.ranges.count
        while low < high {
            let middle = (low + high) / 2
            let order = fields.pointee.ranges[middle].lowerBound.withUnsafeBytes {
                KeyOrder.compare(BorrowedBytes($0), key)
            }
            if order <= 0 { low = middle + 1 } else { high = middle }
        }
        guard low > 0, fields.pointee.ranges[low - 1].holds(key) else { return nil }
        return low - 1
    }

    private func append(_ key: BorrowedBytes) -> Int {
        let offset = fields.pointee.byteCount
        if offset + key.count > fields.pointee.byteCapacity {
            let grown = max(2 * fields.pointee.byteCapacity, offset + key.count)
            let bytes = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: 8)
            bytes.copyMemory(from: fields.pointee.bytes, byteCount: offset)
            fields.pointee.bytes.deallocate()
            fields.pointee.bytes = bytes
            fields.pointee.byteCapacity = grown
        }
        (fields.pointee.bytes + offset).copyMemory(from: key.base, byteCount: key.count)
        fields.pointee.byteCount += key.count
        return offset
    }

    private func growPoints() {
        let grown = fields.pointee.pointCapacity * 4
        let points = UnsafeMutablePointer<Point>.allocate(capacity: grown)
        points.moveInitialize(from: fields.pointee.points, count: pointCount)
        fields.pointee.points.deallocate()
        fields.pointee.points = points
        fields.pointee.pointCapacity = grown
    }
}

extension KeyRange {
    /// Whether `bound` is not past the range's end.
    fileprivate func reaches(_ bound: [UInt8]) -> Bool {
        guard let upperBound else { return true }
        return !upperBound.lexicographicallyPrecedes(bound)
    }
}
