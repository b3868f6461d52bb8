internal import Synchronization

/// Which keys of a memtable are sorted, and into which runs. Lives behind the lock that only scans take.
///
/// Invariant: of the list of changes, every new key at a place below `taken` is in exactly one run, or its place is in
/// `gaps`. A place is a gap while the insert that took it has not filled it yet. Such an insert has not returned, so its
/// timestamp is not published and no scan needs it; the next scan looks at the place again.
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
    /// In all runs.
    private(set) var keyCount = 0

    var runCount: Int { runs.count }
    /// What is sorted so far.
    var sortedRuns: [MemtableRun] { runs }

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

    /// Takes the new keys in the list of changes as a sorted run. A key is counted before its insert returns, so that
    /// updates alone are not looked through.
    private mutating func drain(_ memory: borrowing MemtableMemory) -> MemtableRun? {
        guard memory.counters.pointee.keys.load(ordering: .acquiring) > keyCount else { return nil }
        let end = Int(memory.counters.pointee.used.load(ordering: .acquiring) >> 32)
        let offsets = UnsafeMutablePointer<UInt32>.allocate(capacity: end - taken + gaps.count)
        defer { offsets.deallocate() }
        var count = 0
        var stillEmpty: [Int] = []
        func take(_ place: Int) {
            let change = MemtableChange(rawValue: memory.changes[place].load(ordering: .acquiring))
            if change.isNewKey {
                offsets[count] = change.node
                count += 1
            } else if change.isMissing {
                stillEmpty.append(place)
            }
        }
        for place in gaps { take(place) }
        for place in taken..<end { take(place) }
        taken = end
        gaps = stillEmpty
        keyCount += count
        return count == 0 ? nil : MemtableRun(sorting: offsets, count: count, arena: memory.arena)
    }
}
