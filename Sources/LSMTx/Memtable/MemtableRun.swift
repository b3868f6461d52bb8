internal import CLSMTxShims

/// Some keys of a memtable in order: for each, the 8 bytes after the prefix that all keys of the run share, and its
/// node. Slices that differ order the keys; equal ones need a comparison of the keys.
final class MemtableRun: @unchecked Sendable {
    // @unchecked: the arrays are written in `init` and only read afterwards; the nodes outlive the run because
    // whoever holds runs also holds the memtable.
    let slices: UnsafePointer<UInt64>
    let nodes: UnsafePointer<UInt32>
    let count: Int
    /// The bytes that all keys of the run begin with.
    let prefix: BorrowedBytes

    /// Every 64th slice.
    private let samples: UnsafePointer<UInt64>
    private let block: MemtableBlock

    private static let sampleDistance = 64

    private init(
        count: Int, prefix: BorrowedBytes, fill: (UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt32>) -> Void
    ) {
        let sampleCount = (count + Self.sampleDistance - 1) / Self.sampleDistance
        guard let block = MemtableBlock(byteCount: (count + sampleCount) * 8 + count * 4) else {
            fatalError("The system has no memory for the order of \(count) keys.")
        }
        let memory = block.base
        let slices = memory.bindMemory(to: UInt64.self, capacity: count)
        let samples = (memory + count * 8).bindMemory(to: UInt64.self, capacity: sampleCount)
        let nodes = (memory + (count + sampleCount) * 8).bindMemory(to: UInt32.self, capacity: count)
        fill(slices, nodes)
        for sample in 0..<sampleCount { samples[sample] = slices[sample * Self.sampleDistance] }
        self.block = block
        self.samples = UnsafePointer(samples)
        self.slices = UnsafePointer(slices)
        self.nodes = UnsafePointer(nodes)
        self.count = count
        self.prefix = prefix
    }

    /// Sorts `count` nodes, at least one.
    convenience init(sorting offsets: UnsafeMutablePointer<UInt32>, count: Int, arena: UnsafeMutableRawPointer) {
        guard let scratch = MemtableBlock(byteCount: 2 * count * MemoryLayout<MemtableSort.Item>.stride) else {
            fatalError("The system has no memory to sort \(count) keys.")
        }
        let items = scratch.base.bindMemory(to: MemtableSort.Item.self, capacity: 2 * count)
        let prefixCount = MemtableSort.load(offsets, into: items, count: count, arena: arena)
        MemtableSort.sort(items, scratch: items + count, count: count, depth: prefixCount, arena: arena)
        let first = MemtableNode(arena, items[0].node).key
        self.init(count: count, prefix: BorrowedBytes(base: first.base, count: prefixCount)) { slices, nodes in
            for index in 0..<count {
                slices[index] = items[index].slice
                nodes[index] = items[index].node
            }
        }
    }

    /// Merges two runs, which have no key in common.
    convenience init(merging a: MemtableRun, _ b: MemtableRun, arena: UnsafeMutableRawPointer) {
        let prefixCount = KeyOrder.commonPrefixLength(a.prefix, b.prefix)
        let count = a.count + b.count
        self.init(count: count, prefix: BorrowedBytes(base: a.prefix.base, count: prefixCount)) { slices, nodes in
            let rebaseA = a.rebase(to: prefixCount)
            let rebaseB = b.rebase(to: prefixCount)
            var (indexA, indexB) = (0, 0)
            var sliceA = rebaseA.apply(a.slices[0])
            var sliceB = rebaseB.apply(b.slices[0])
            for target in 0..<count {
                let takesA: Bool
                if indexA < a.count, indexB < b.count {
                    takesA =
                        sliceA != sliceB
                        ? sliceA < sliceB
                        : KeyOrder.compare(
                            MemtableNode(arena, a.nodes[indexA]).key, MemtableNode(arena, b.nodes[indexB]).key) < 0
                } else {
                    takesA = indexA < a.count
                }
                if takesA {
                    slices[target] = sliceA
                    nodes[target] = a.nodes[indexA]
                    indexA += 1
                    if indexA < a.count { sliceA = rebaseA.apply(a.slices[indexA]) }
                } else {
                    slices[target] = sliceB
                    nodes[target] = b.nodes[indexB]
                    indexB += 1
                    if indexB < b.count { sliceB = rebaseB.apply(b.slices[indexB]) }
                }
            }
        }
    }

    /// Turns slices after a longer prefix into those after a shorter one: known bytes of the prefix move in from the
    /// left, and as many fall off on the right.
    struct Rebase {
        private let known: UInt64
        private let shift: UInt64
        private let mask: UInt64

        fileprivate init(prefix: BorrowedBytes, to start: Int) {
            known = KeyOrder.slice64(prefix, from: start)
            let bytes = prefix.count - start
            shift = UInt64(8 * min(bytes, 7))
            mask = bytes < 8 ? .max : 0
        }

        @inline(__always)
        func apply(_ slice: UInt64) -> UInt64 { known | (slice &>> shift) & mask }
    }

    /// `start` is at most the length of the run's prefix.
    func rebase(to start: Int) -> Rebase { Rebase(prefix: prefix, to: start) }

    /// The first place whose key is not before `key`.
    func lowerBound(of key: BorrowedBytes, arena: UnsafeMutableRawPointer) -> Int {
        let common = KeyOrder.commonPrefixLength(prefix, key)
        if common < prefix.count {
            if common == key.count { return 0 }
            let isAfter =
                key.base.load(fromByteOffset: common, as: UInt8.self)
                > prefix.base.load(fromByteOffset: common, as: UInt8.self)
            return isAfter ? count : 0
        }
        let slice = KeyOrder.slice64(key, from: prefix.count)
        var low = firstPlace(notBefore: slice)
        // Doubling steps over equal slices: there is seldom more than one.
        var step = 1
        while low + step < count, slices[low + step] == slice { step *= 2 }
        var high = min(low + step, count)
        while low < high {
            let middle = (low + high) / 2
            if slices[middle] == slice, KeyOrder.compare(MemtableNode(arena, nodes[middle]).key, key) < 0 {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// Over the samples, which stay in a near cache, then within one block, whose lines are loaded all at once.
    @inline(__always)
    private func firstPlace(notBefore slice: UInt64) -> Int {
        let block = Self.partition(samples, 0, (count + Self.sampleDistance - 1) / Self.sampleDistance, below: slice)
        guard block > 0 else { return 0 }
        let low = (block - 1) * Self.sampleDistance
        let high = min(low + Self.sampleDistance, count)
        for line in stride(from: low, to: high, by: 8) { lsmtx_prefetch(slices + line) }
        return Self.partition(slices, low, high, below: slice)
    }

    /// The first place in `low..<high` whose slice is not below `slice`, `high` if there is none.
    @inline(__always)
    private static func partition(
        _ slices: UnsafePointer<UInt64>, _ low: Int, _ high: Int, below slice: UInt64
    ) -> Int {
        guard low < high else { return low }
        var base = low
        var length = high &- low
        while length > 1 {
            let half = length &>> 1
            // A branch on the comparison is predicted wrongly half of the time, and the compiler makes one of
            // anything that looks like a condition; the borrow of the subtraction, spread over a mask, does not.
            let probe = slices[base &+ half &- 1]
            let borrow = ~probe & slice | ~(probe ^ slice) & (probe &- slice)
            base &+= half & (Int(bitPattern: UInt(borrow)) &>> 63)
            length &-= half
        }
        return base + (slices[base] < slice ? 1 : 0)
    }
}
