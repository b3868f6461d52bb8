internal import Synchronization

/// Which keys of a memtable are sorted, and into which runs. Lives behind the lock that only scans take.
///
/// Invariant: every registry place below `taken` is in exactly one run, or in `gaps`. A place is a gap while the
/// insert that took it has not filled it yet. Such an insert has not returned, so its timestamp is not published and
/// no scan needs it; the next scan looks at the place again.
///
/// Runs never change once made; a scan retains the array of runs and goes on without the lock.
struct MemtableOrder {
    /// A new run is merged with every run that is not this many times larger. Measured, 450,000 inserts with a sort
    /// after every tenth: at most 5 runs and 198 ns an insert with 8, 7 runs and 223 ns with 4, 10 runs and 213 ns
    /// with 2; seeks over what remains take a tenth longer with 4, a quarter with 2.
    private static let growth = 8
    /// Runs up to this size are merged in any case: that costs less than a step over one run more in each scan.
    private static let smallRun = 128

    /// The largest first.
    private var runs: [MemtableRun] = []
    private var taken = 0
    private var gaps: [Int] = []

    var runCount: Int { runs.count }
    var keyCount: Int { taken - gaps.count }

    /// Runs that hold every key whose insert has returned.
    mutating func runs(draining memory: borrowing MemtableMemory) -> [MemtableRun] {
        if let fresh = drain(memory) {
            var merged = fresh
            while let last = runs.last, last.count < max(Self.growth * merged.count, Self.smallRun) {
                runs.removeLast()
                merged = MemtableRun(merging: last, merged, arena: memory.arena)
            }
            runs.append(merged)
        }
        return runs
    }

    /// The same as at most one run.
    mutating func singleRun(draining memory: borrowing MemtableMemory) -> [MemtableRun] {
        if let fresh = drain(memory) { runs.append(fresh) }
        while runs.count > 1 {
            let last = runs.removeLast()
            let next = runs.removeLast()
            runs.append(MemtableRun(merging: next, last, arena: memory.arena))
        }
        return runs
    }

    /// Takes the new keys of the registry as a sorted run.
    private mutating func drain(_ memory: borrowing MemtableMemory) -> MemtableRun? {
        let end = Int(memory.counters.pointee.keys.load(ordering: .acquiring))
        guard end > taken || !gaps.isEmpty else { return nil }
        let capacity = end - taken + gaps.count
        let offsets = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)
        defer { offsets.deallocate() }
        var count = 0
        var stillEmpty: [Int] = []
        func take(_ place: Int, _ node: UInt32) {
            if node == 0 {
                stillEmpty.append(place)
            } else {
                offsets[count] = node
                count += 1
            }
        }
        for place in gaps { take(place, memory.registry[place].load(ordering: .acquiring)) }
        for place in taken..<end { take(place, memory.registry[place].load(ordering: .acquiring)) }
        taken = end
        gaps = stillEmpty
        return count == 0 ? nil : MemtableRun(sorting: offsets, count: count, arena: memory.arena)
    }
}
