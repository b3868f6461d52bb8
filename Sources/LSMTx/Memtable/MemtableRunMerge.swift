internal import CLSMTxShims

/// Walks the keys of several runs in one order, both ways.
///
/// Invariant: while valid, `places[current]` is at the current key; going forward, every other place is at the first
/// key of its run after the current one, going backward at the last before it. No key is in two runs, so turning
/// round moves every other place by one and searches nothing.
///
/// `bound` is the slice of the next best run: a step within the current run that stays on the near side of it, as
/// most do because most keys are in the largest run, compares nothing else.
struct MemtableRunMerge: ~Copyable {
    private struct Place {
        let slices: UnsafePointer<UInt64>
        let nodes: UnsafePointer<UInt32>
        let count: Int
        let rebase: MemtableRun.Rebase
        /// -1 and `count` are the places past the ends.
        var position: Int
        /// The slice at `position`, after the prefix that all runs share; stale past the ends.
        var slice: UInt64

        @inline(__always)
        var isInside: Bool { position >= 0 && position < count }

        @inline(__always)
        mutating func reload() { if isInside { slice = rebase.apply(slices[position]) } }
    }

    /// How many keys ahead a step prefetches, and how many a seek. Three lines hold an entry of the usual size; measured, scan of 450,000:
    /// 14 ns an entry, against 22 with two lines and 28 with one.
    private static let prefetchDistance = 12

    /// Keeps the arrays that the places point into.
    private let runs: [MemtableRun]
    private let arena: UnsafeMutableRawPointer
    private let places: UnsafeMutablePointer<Place>
    private let runCount: Int
    private var current = -1
    private var bound: UInt64 = 0
    private var isForward = true

    init(_ runs: [MemtableRun], arena: UnsafeMutableRawPointer) {
        self.runs = runs
        self.arena = arena
        runCount = runs.count
        places = .allocate(capacity: max(runCount, 1))
        guard let first = runs.first else { return }
        var shared = first.prefix.count
        for run in runs { shared = min(shared, KeyOrder.commonPrefixLength(first.prefix, run.prefix)) }
        for index in 0..<runCount {
            let run = runs[index]
            (places + index).initialize(
                to: Place(
                    slices: run.slices, nodes: run.nodes, count: run.count, rebase: run.rebase(to: shared),
                    position: -1, slice: 0))
        }
    }

    deinit { places.deallocate() }

    @inline(__always)
    var isValid: Bool { current >= 0 }

    /// The current node. Only while valid.
    @inline(__always)
    var node: MemtableNode {
        MemtableNode(arena, places[current].nodes[places[current].position])
    }

    mutating func seekToFirst() {
        for index in 0..<runCount { move(index, to: 0) }
        selectForward()
    }

    mutating func seekToLast() {
        for index in 0..<runCount { move(index, to: places[index].count - 1) }
        selectBackward()
    }

    /// To the first key that is not before `key`.
    mutating func seek(to key: BorrowedBytes) {
        for index in 0..<runCount { move(index, to: runs[index].lowerBound(of: key, arena: arena)) }
        selectForward()
        if isValid { prefetchAround(current, step: 1) }
    }

    /// To the last key before `key`.
    mutating func seekBackward(before key: BorrowedBytes) {
        for index in 0..<runCount { move(index, to: runs[index].lowerBound(of: key, arena: arena) - 1) }
        selectBackward()
        if isValid { prefetchAround(current, step: -1) }
    }

    private func move(_ index: Int, to position: Int) {
        places[index].position = position
        places[index].reload()
    }

    /// Only while valid.
    @inline(__always)
    mutating func next() {
        if !isForward { turn(by: 1) }
        let place = places + current
        let position = place.pointee.position + 1
        place.pointee.position = position
        if position < place.pointee.count {
            let ahead = position + Self.prefetchDistance
            if ahead < place.pointee.count { prefetch(place.pointee.nodes[ahead]) }
            let slice = place.pointee.rebase.apply(place.pointee.slices[position])
            place.pointee.slice = slice
            if slice < bound { return }
        }
        selectForward()
    }

    /// Only while valid.
    @inline(__always)
    mutating func previous() {
        if isForward { turn(by: -1) }
        let place = places + current
        let position = place.pointee.position - 1
        place.pointee.position = position
        if position >= 0 {
            let ahead = position - Self.prefetchDistance
            if ahead >= 0 { prefetch(place.pointee.nodes[ahead]) }
            let slice = place.pointee.rebase.apply(place.pointee.slices[position])
            place.pointee.slice = slice
            if slice > bound { return }
        }
        selectBackward()
    }

    @inline(__always)
    private func prefetch(_ node: UInt32) {
        let address = arena + Int(node) &* MemtableMemory.unitBytes
        lsmtx_prefetch(address)
        lsmtx_prefetch(address + 64)
        lsmtx_prefetch(address + 128)
    }

    /// Begins to load what the steps after a seek will show: those nodes are not yet within the reach of ``next()``.
    private func prefetchAround(_ index: Int, step: Int) {
        let place = places + index
        var position = place.pointee.position
        var left = Self.prefetchDistance
        while left > 0, position >= 0, position < place.pointee.count {
            prefetch(place.pointee.nodes[position])
            position += step
            left -= 1
        }
    }

    /// Moves every other place across the current key.
    @inline(never)
    private mutating func turn(by step: Int) {
        for index in 0..<runCount where index != current { move(index, to: places[index].position + step) }
        if step > 0 { selectForward() } else { selectBackward() }
    }

    private mutating func selectForward() {
        isForward = true
        var best = -1
        var bound = UInt64.max
        for index in 0..<runCount where places[index].isInside {
            if best < 0 {
                best = index
            } else if isBefore(index, best) {
                bound = min(bound, places[best].slice)
                best = index
            } else {
                bound = min(bound, places[index].slice)
            }
        }
        current = best
        self.bound = bound
    }

    private mutating func selectBackward() {
        isForward = false
        var best = -1
        var bound = UInt64.min
        for index in 0..<runCount where places[index].isInside {
            if best < 0 {
                best = index
            } else if isBefore(best, index) {
                bound = max(bound, places[best].slice)
                best = index
            } else {
                bound = max(bound, places[index].slice)
            }
        }
        current = best
        self.bound = bound
    }

    @inline(__always)
    private func isBefore(_ a: Int, _ b: Int) -> Bool {
        let (sliceA, sliceB) = (places[a].slice, places[b].slice)
        return sliceA != sliceB ? sliceA < sliceB : keyIsBefore(a, b)
    }

    @inline(never)
    private func keyIsBefore(_ a: Int, _ b: Int) -> Bool {
        let nodeA = MemtableNode(arena, places[a].nodes[places[a].position])
        let nodeB = MemtableNode(arena, places[b].nodes[places[b].position])
        return KeyOrder.compare(nodeA.key, nodeB.key) < 0
    }
}
