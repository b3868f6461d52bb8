internal import CLSMTxShims

/// Sorts keys by slices of 8 bytes.
///
/// 1. ``load(_:into:count:arena:)`` finds the prefix that all keys share and takes the 8 bytes after it, in one pass
///    over the nodes that prefetches them: the only pass that touches the keys, unless slices are equal.
/// 2. ``sort(_:scratch:count:depth:arena:)`` distributes by one byte of the slice, beginning at the highest bit in
///    which any two differ, then each bucket by what remains, and finishes small buckets by insertion.
/// 3. Keys with equal slices are loaded again 8 or more bytes further on and sorted in the same way. After a few such
///    levels, comparison of whole keys takes over, so that hostile keys can exhaust neither stack nor time.
enum MemtableSort {
    struct Item {
        var slice: UInt64
        var node: UInt32
    }

    private typealias Items = UnsafeMutablePointer<Item>

    private static let insertionLimit = 24
    private static let maximumLevels = 8
    private static let prefetchDistance = 16

    /// Fills `items` with `offsets` and the slices after the keys' common prefix, and returns the prefix's length.
    static func load(
        _ offsets: UnsafePointer<UInt32>, into items: UnsafeMutablePointer<Item>, count: Int,
        arena: UnsafeMutableRawPointer
    ) -> Int {
        let first = MemtableNode(arena, offsets[0]).key
        let last = MemtableNode(arena, offsets[count - 1]).key
        var prefix = KeyOrder.commonPrefixLength(first, last)
        for index in 0..<count {
            if index + prefetchDistance < count {
                lsmtx_prefetch(arena + Int(offsets[index + prefetchDistance]) * MemtableMemory.unitBytes)
            }
            let key = MemtableNode(arena, offsets[index]).key
            let common = commonPrefix(first, key, limit: prefix)
            if common < prefix {
                // What has been loaded moves to the shorter prefix: known bytes come in, as many fall off.
                let known = KeyOrder.slice64(BorrowedBytes(base: first.base, count: prefix), from: common)
                let shift = UInt64(8 * (prefix - common))
                for loaded in 0..<index { items[loaded].slice = known | items[loaded].slice >> shift }
                prefix = common
            }
            items[index] = Item(slice: KeyOrder.slice64(key, from: prefix), node: offsets[index])
        }
        return prefix
    }

    @inline(__always)
    private static func commonPrefix(_ a: BorrowedBytes, _ b: BorrowedBytes, limit: Int) -> Int {
        let count = min(a.count, b.count, limit)
        var index = 0
        while index + 8 <= count,
            a.base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                == b.base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        {
            index += 8
        }
        while index < count,
            a.base.load(fromByteOffset: index, as: UInt8.self) == b.base.load(fromByteOffset: index, as: UInt8.self)
        {
            index += 1
        }
        return index
    }

    /// Sorts `items`, whose slices begin at byte `depth` of their keys, all bytes before which are equal.
    static func sort(
        _ items: UnsafeMutablePointer<Item>, scratch: UnsafeMutablePointer<Item>, count: Int, depth: Int,
        arena: UnsafeMutableRawPointer
    ) {
        let context = Context(arena: arena, depth: depth, level: 0)
        context.distribute(items, scratch, count, toScratch: false)
    }

    /// What stays the same over one level of slices.
    private struct Context {
        let arena: UnsafeMutableRawPointer
        let depth: Int
        let level: Int

        /// Sorts `source`, and leaves the result there or in `other`.
        func distribute(_ source: Items, _ other: Items, _ count: Int, toScratch: Bool) {
            if count <= insertionLimit {
                insertionSort(source, count)
                if toScratch { other.update(from: source, count: count) }
                return
            }
            var differing: UInt64 = 0
            let first = source[0].slice
            for index in 1..<count { differing |= source[index].slice ^ first }
            if differing == 0 {
                sortEqualSlices(source, other, count)
                if toScratch { other.update(from: source, count: count) }
                return
            }
            let shift = UInt64(max(0, 56 - differing.leadingZeroBitCount))
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 257) { ends in
                let ends = ends.baseAddress.unsafelyUnwrapped
                ends.update(repeating: 0, count: 257)
                for index in 0..<count { ends[Int(source[index].slice &>> shift & 0xff) + 1] += 1 }
                for bucket in 1...256 { ends[bucket] += ends[bucket - 1] }
                for index in 0..<count {
                    let bucket = Int(source[index].slice &>> shift & 0xff)
                    other[Int(ends[bucket])] = source[index]
                    ends[bucket] += 1
                }
                // Each entry has moved from its bucket's start to its end.
                var start = 0
                for bucket in 0..<256 {
                    let end = Int(ends[bucket])
                    if end > start { distribute(other + start, source + start, end - start, toScratch: !toScratch) }
                    start = end
                }
            }
        }

        @inline(__always)
        private func precedes(_ a: Item, _ b: Item) -> Bool {
            a.slice != b.slice ? a.slice < b.slice : keyPrecedes(a, b)
        }

        @inline(never)
        private func keyPrecedes(_ a: Item, _ b: Item) -> Bool {
            KeyOrder.compare(MemtableNode(arena, a.node).key, MemtableNode(arena, b.node).key) < 0
        }

        private func insertionSort(_ items: Items, _ count: Int) {
            var next = 1
            while next < count {
                let item = items[next]
                var hole = next
                while hole > 0, precedes(item, items[hole - 1]) {
                    items[hole] = items[hole - 1]
                    hole -= 1
                }
                items[hole] = item
                next += 1
            }
        }

        private func sortEqualSlices(_ items: Items, _ scratch: Items, _ count: Int) {
            guard level < maximumLevels else {
                var buffer = UnsafeMutableBufferPointer(start: items, count: count)
                buffer.sort(by: keyPrecedes)
                return
            }
            let slice = items[0].slice
            let first = MemtableNode(arena, items[0].node).key
            // Keys that end within the slice are padded with zeros there and further on; the insertion sort that
            // every group of equal slices ends in tells them apart.
            var start = Int.max
            for index in 1..<count {
                start = min(start, KeyOrder.commonPrefixLength(first, MemtableNode(arena, items[index].node).key))
            }
            start = max(start, depth + 8)
            for index in 0..<count {
                items[index].slice = KeyOrder.slice64(MemtableNode(arena, items[index].node).key, from: start)
            }
            let deeper = Context(arena: arena, depth: start, level: level + 1)
            deeper.distribute(items, scratch, count, toScratch: false)
            for index in 0..<count { items[index].slice = slice }
        }
    }
}
