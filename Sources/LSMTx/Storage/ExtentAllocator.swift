/// Knows which pages of the file are free, and hands out extents: runs of whole pages.
///
/// Allocation is not logged. After a crash the map is rebuilt from what the two superblock slots and the log can
/// reach; whatever they cannot reach was never published, and is free (R3 in Recovery).
///
/// Reuse (R4): a released extent may still be named by the older superblock slot, so it becomes free only once both
/// slots are newer than the state that last named it. Losing either slot then loses nothing. What readers may still
/// read is held before that: it is neither free nor retired until the last of them is gone (``HeldExtents``).
///
/// Invariant: free ranges are sorted, disjoint, not adjacent, page-aligned and below ``end``; retired and held ones
/// are page-aligned and below ``end`` too, and none of these overlaps another or an extent in use.
package final class ExtentAllocator: Sendable {
    package static let pageBytes = FileRange.pageBytes

    /// Where in the file an extent should lie.
    package enum Placement: Sendable {
        /// As low as possible, so that the tail can be cut off at a close.
        case lowest
        /// At this offset or above, leaving lower space to what stays.
        case atOrAbove(UInt64)
    }

    fileprivate struct Retired {
        let range: FileRange
        let generation: Generation
    }

    fileprivate struct State {
        var free: [FileRange] = []
        var retired: [Retired] = []
        /// By the number of their ``HeldExtents``.
        var held: [UInt64: [FileRange]] = [:]
        var holds: UInt64 = 0
        /// The older slot's generation, as the last ``ExtentAllocator/reclaim(oldestSlot:)`` knew it.
        var oldestSlot = Generation(rawValue: 0)
        var end: UInt64 = 0
        /// Extents of large values that no table owns yet, by offset.
        var pending: [UInt64: FileRange] = [:]
    }

    private let state: Guarded<State>

    /// - Parameters:
    ///   - used: What the file's structures own; everything else below the last of them is free.
    ///   - pending: Those of them that belong to large values which no table owns yet.
    /// - Throws: `corrupt` when two of them overlap, or one is not made of whole pages.
    package init(used: [FileRange], pending: [FileRange] = []) throws(StoreError) {
        var state = State()
        for range in pending { state.pending[range.offset] = range }
        for range in used.sorted(by: { $0.offset < $1.offset }) where range.length > 0 {
            guard range.offset % Self.pageBytes == 0, range.length % Self.pageBytes == 0,
                range.offset <= Limits.maximumFileBytes, range.length <= Limits.maximumFileBytes
            else {
                throw .corrupt("An extent is not made of whole pages.", structure: "extent", offset: range.offset)
            }
            guard range.offset >= state.end else {
                throw .corrupt("Two structures own the same bytes.", structure: "extent", offset: range.offset)
            }
            if range.offset > state.end {
                state.free.append(FileRange(offset: state.end, length: range.offset - state.end))
            }
            state.end = range.end
        }
        self.state = Guarded(state)
    }

    /// The first byte past everything in use, held, retired or free.
    package var end: UInt64 { state.withLock { $0.end } }

    /// The free ranges in order, for the integrity check.
    package var freeRanges: [FileRange] { state.withLock { $0.free } }

    /// Everything that is not in use by a published structure, as of one moment, and where the file ends.
    ///
    /// Read apart, extents that go from one list to another meanwhile would be in both, or in neither.
    package var accounts: (ranges: [(range: FileRange, state: String)], end: UInt64) {
        state.withLock { state in
            var ranges = state.free.map { (range: $0, state: "free") }
            ranges += state.retired.map { ($0.range, "retired") }
            for extents in state.held.values { ranges += extents.map { ($0, "held") } }
            ranges += state.pending.values.map { ($0, "pending large value") }
            return (ranges, state.end)
        }
    }

    /// Extents that wait for the older superblock slot to be replaced.
    package var retiredRanges: [FileRange] { state.withLock { $0.retired.map(\.range) } }

    /// Extents that no published state needs any more, but readers may.
    package var heldRanges: [FileRange] {
        state.withLock { state in state.held.values.flatMap { $0 } }.sorted { $0.offset < $1.offset }
    }

    /// Takes one run of at least `bytes` bytes, rounded up to whole pages.
    ///
    /// - Throws: `tooLarge` when the file would pass its limit.
    /// - Complexity: O(the number of free ranges).
    package func allocate(bytes: UInt64, placement: Placement = .lowest) throws(StoreError) -> FileRange {
        let length = Self.wholePages(bytes)
        return try state.withLock { state throws(StoreError) in
            let floor: UInt64
            switch placement {
            case .lowest: floor = 0
            case .atOrAbove(let offset): floor = Self.wholePages(offset)
            }
            return try state.take(length: length, floor: floor)
        }
    }

    /// Takes an extent for a large value. Until a table owns it, it is *pending*: an open transaction's, or a
    /// memtable's and its log's.
    ///
    /// - Throws: `tooLarge` when the file would pass its limit.
    package func allocatePending(bytes: UInt64) throws(StoreError) -> FileRange {
        try state.withLock { state throws(StoreError) in
            let taken = try state.take(length: Self.wholePages(bytes), floor: 0)
            state.pending[taken.offset] = taken
            return taken
        }
    }

    /// Gives back a pending extent, which nothing names any more. Does nothing after ``releaseAllPending()``.
    package func releasePending(_ range: FileRange) {
        state.withLock { state in
            guard state.pending.removeValue(forKey: range.offset) != nil else { return }
            state.insertFree(range)
        }
    }

    /// Gives back all pending extents: nobody is left who could commit them.
    package func releaseAllPending() {
        state.withLock { state in
            for range in state.pending.values { state.insertFree(range) }
            state.pending = [:]
        }
    }

    /// Whether all of these are pending.
    package func arePending(_ ranges: [FileRange]) -> Bool {
        ranges.isEmpty || state.withLock { state in ranges.allSatisfy { state.pending[$0.offset] == $0 } }
    }

    /// Tables own these extents of large values now.
    package func settle(_ ranges: [FileRange]) {
        guard !ranges.isEmpty else { return }
        state.withLock { state in
            for range in ranges { state.pending[range.offset] = nil }
        }
    }

    /// Extents of large values that no table owns yet, in order.
    package var pendingRanges: [FileRange] {
        state.withLock { Array($0.pending.values) }.sorted { $0.offset < $1.offset }
    }

    package var pendingCount: Int { state.withLock { $0.pending.count } }

    /// Gives back an extent that a published state may name: free once both slots are newer than `generation`, the
    /// last state that named it.
    package func release(_ range: FileRange, lastNamedIn generation: Generation) {
        state.withLock { $0.retired.append(Retired(range: range, generation: generation)) }
    }

    /// Gives back extents that a published state may name and that readers may still read: they are kept as they are
    /// while the result lives, and are released when it ends.
    package func hold(_ ranges: [FileRange], lastNamedIn generation: Generation) -> HeldExtents {
        let number = state.withLock { state in
            state.holds += 1
            state.held[state.holds] = ranges
            return state.holds
        }
        return HeldExtents(allocator: self, number: number, generation: generation)
    }

    /// Ends a hold. It may be the last to end for long, so what no slot names any more does not wait for the next
    /// change, but is free at once.
    fileprivate func endHold(_ number: UInt64, lastNamedIn generation: Generation) {
        state.withLock { state in
            for range in state.held.removeValue(forKey: number) ?? [] {
                if generation < state.oldestSlot {
                    state.insertFree(range)
                } else {
                    state.retired.append(Retired(range: range, generation: generation))
                }
            }
        }
    }

    /// Gives back extents that no published state ever named.
    package func releaseUnpublished(_ ranges: [FileRange]) {
        for range in ranges { releaseUnpublished(range) }
    }

    /// Gives back an extent that no published state ever named.
    package func releaseUnpublished(_ range: FileRange) {
        state.withLock { $0.insertFree(range) }
    }

    /// Frees what was last named before `oldestSlot`, the older of the two slots' generations.
    package func reclaim(oldestSlot: Generation) {
        state.withLock { state in
            state.oldestSlot = max(state.oldestSlot, oldestSlot)
            let ready = state.retired.filter { $0.generation < oldestSlot }
            state.retired.removeAll { $0.generation < oldestSlot }
            for retired in ready { state.insertFree(retired.range) }
        }
    }

    /// The end of the last byte that is not free.
    package var usedEnd: UInt64 {
        state.withLock { state in state.free.last.map { $0.end == state.end ? $0.offset : state.end } ?? state.end }
    }

    /// Forgets what is free at the end of the file from `end` on. Everything from there on is free.
    package func cutTail(at end: UInt64) {
        state.withLock { state in
            guard end < state.end, let last = state.free.last, last.end == state.end else { return }
            precondition(last.offset <= end, "what is cut off is in use")
            state.free.removeLast()
            if last.offset < end { state.free.append(FileRange(offset: last.offset, length: end - last.offset)) }
            state.end = end
        }
    }

    /// Forgets the free range at the end of the file and returns the new end, at which the file can be cut.
    package func cutTail() -> UInt64 {
        state.withLock { state in
            if let last = state.free.last, last.end == state.end {
                state.free.removeLast()
                state.end = last.offset
            }
            return state.end
        }
    }

    package static func wholePages(_ bytes: UInt64) -> UInt64 {
        (bytes + pageBytes - 1) / pageBytes * pageBytes
    }
}

/// Keeps extents that no published state needs any more from being used again, for as long as it lives.
///
/// Whatever may read the extents has a reference. When the last one goes, on whatever thread, the allocator releases
/// them.
package final class HeldExtents: Sendable {
    private let allocator: ExtentAllocator
    private let number: UInt64
    private let generation: Generation

    fileprivate init(allocator: ExtentAllocator, number: UInt64, generation: Generation) {
        self.allocator = allocator
        self.number = number
        self.generation = generation
    }

    deinit { allocator.endHold(number, lastNamedIn: generation) }
}

extension ExtentAllocator.State {
    /// Takes whole pages at `floor` or above, out of a free range if one is long enough.
    fileprivate mutating func take(length: UInt64, floor: UInt64) throws(StoreError) -> FileRange {
        for index in free.indices {
            let candidate = free[index]
            let start = max(candidate.offset, floor)
            if start < candidate.end, candidate.end - start >= length {
                let taken = FileRange(offset: start, length: length)
                remove(taken, fromFreeAt: index)
                return taken
            }
        }
        return try extend(by: length, from: floor)
    }

    /// Splits `taken` out of the free range that holds it.
    fileprivate mutating func remove(_ taken: FileRange, fromFreeAt index: Int) {
        let whole = free[index]
        var rest: [FileRange] = []
        if whole.offset < taken.offset {
            rest.append(FileRange(offset: whole.offset, length: taken.offset - whole.offset))
        }
        if taken.end < whole.end {
            rest.append(FileRange(offset: taken.end, length: whole.end - taken.end))
        }
        free.replaceSubrange(index...index, with: rest)
    }

    /// Grows the file; a free range at its end is used first, and a gap up to `floor` becomes free.
    fileprivate mutating func extend(by length: UInt64, from floor: UInt64) throws(StoreError) -> FileRange {
        var start = max(end, floor)
        if floor <= end, let last = free.last, last.end == end {
            start = max(last.offset, floor)
        }
        guard length <= Limits.maximumFileBytes, start <= Limits.maximumFileBytes - length else {
            throw StoreError(
                .tooLarge, "The file would grow past \(Limits.maximumFileBytes) bytes.",
                remedy: "Delete data and compact, or split it over several files.")
        }
        if start > end {
            insertFree(FileRange(offset: end, length: start - end))
        } else if start < end {
            let last = free.removeLast()
            if last.offset < start { free.append(FileRange(offset: last.offset, length: start - last.offset)) }
        }
        end = start + length
        return FileRange(offset: start, length: length)
    }

    fileprivate mutating func insertFree(_ range: FileRange) {
        let index = free.firstIndex { $0.offset > range.offset } ?? free.endIndex
        var merged = range
        var replaced = index..<index
        if index > 0 {
            let before = free[index - 1]
            precondition(before.end <= range.offset, "an extent was freed twice: \(range)")
            if before.end == range.offset {
                merged = FileRange(offset: before.offset, length: before.length + merged.length)
                replaced = (index - 1)..<replaced.upperBound
            }
        }
        if index < free.endIndex {
            let after = free[index]
            precondition(range.end <= after.offset, "an extent was freed twice: \(range)")
            if after.offset == range.end {
                merged = FileRange(offset: merged.offset, length: merged.length + after.length)
                replaced = replaced.lowerBound..<(index + 1)
            }
        }
        free.replaceSubrange(replaced, with: [merged])
    }
}
