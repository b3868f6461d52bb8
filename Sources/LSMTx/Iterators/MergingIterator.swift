/// Walks the live entries of everything at one timestamp, in key order, in both directions.
///
/// Sources are ordered from newest to oldest, and each yields at most one entry per key: its newest version at or
/// below the timestamp. All versions of a key in one source are newer than those in the next, so the first source
/// that has a key decides, and the same key in later sources is stepped over. Tombstones decide too, and are not
/// shown. Where there are range tombstones, MergingIterator+RangeTombstones goes on.
///
/// Invariant, going forward: every source stands at its first entry after the last one shown, except the one being
/// shown. Going backward, the mirror image. Turning round repositions every source around a copy of the shown key.
///
/// Sources are few (memtables, level-0 tables, one per deeper level), so each step compares along the row; a heap
/// pays off only beyond about a dozen.
package final class MergingIterator {
    private let view: ReadView
    /// What the range tombstones of each source hide; empty when none can hide anything here. The first is for the
    /// deletions that lie over all sources.
    let covers: [RangeCover?]
    /// Where it is known that nothing is hidden; forgotten at every seek.
    var clear = ClearKeys()
    private let memory: UnsafeMutablePointer<UInt64>
    private let memtables: UnsafeMutablePointer<MemtableCursor>
    private let memtableCount: Int
    private let tables: UnsafeMutablePointer<TableCursor>
    private let levels: UnsafeMutablePointer<LevelCursor>
    /// The place of the first level in the row of all sources, which are memtables, then tables of level 0, then
    /// levels.
    private let levelsStart: Int
    /// Each source's key while it has one.
    let heads: UnsafeMutablePointer<Head>
    let sourceCount: Int
    /// Whether there is one source, in which nothing is hidden by a range tombstone.
    private let isAlone: Bool
    private var current = -1
    private(set) var direction = Direction.forward
    /// Made at the first turn, which most walks never come to.
    private lazy var turningKey = GrowingBuffer()

    enum Direction { case forward, backward }

    struct Head {
        var key: BorrowedBytes
        var isValid: Bool
    }

    /// Opens cursors on the sources of `view` that can hold keys of the range.
    ///
    /// - Parameters:
    ///   - view: What is read; kept for the iterator's life.
    ///   - timestamp: A published timestamp that `view` covers.
    ///   - range: Tables wholly outside are not opened. The caller keeps to the range itself.
    ///   - deletions: Ranges of which nothing is shown.
    package init(
        view: ReadView, at timestamp: Timestamp, range: KeyRange, without deletions: RangeTombstoneRuns? = nil
    ) {
        self.view = view
        var covers = Covers.ifNeeded(view: view, at: timestamp, range: range, deletions: deletions)
        let viewMemtables = view.memtables
        let viewLevels = view.version.levels
        let levelZero = viewLevels[0]
        // One piece of memory for the four rows, with place for every source of the view.
        let tablesOffset = Self.aligned(viewMemtables.count * MemoryLayout<MemtableCursor>.stride)
        let levelsOffset = tablesOffset + Self.aligned(levelZero.count * MemoryLayout<TableCursor>.stride)
        let deepCount = viewLevels.count - 1
        let headsOffset = levelsOffset + Self.aligned(deepCount * MemoryLayout<LevelCursor>.stride)
        let headBytes = (viewMemtables.count + levelZero.count + deepCount) * MemoryLayout<Head>.stride
        memory = .allocate(capacity: (headsOffset + headBytes) / 8)
        let base = UnsafeMutableRawPointer(memory)
        memtables = base.assumingMemoryBound(to: MemtableCursor.self)
        tables = (base + tablesOffset).assumingMemoryBound(to: TableCursor.self)
        levels = (base + levelsOffset).assumingMemoryBound(to: LevelCursor.self)
        heads = (base + headsOffset).assumingMemoryBound(to: Head.self)
        var count = 0
        // An empty memtable has no smallest timestamp. What is published at `timestamp` was counted before.
        for memtable in viewMemtables where memtable.smallestTimestamp <= timestamp {
            (memtables + count).initialize(to: memtable.cursor(at: timestamp))
            covers?.add(memtable)
            count += 1
        }
        memtableCount = count
        count = 0
        for table in levelZero where table.descriptor.mayHoldKeys(in: range, at: timestamp) {
            (tables + count).initialize(to: table.cursor(at: timestamp))
            covers?.add([table])
            count += 1
        }
        levelsStart = memtableCount + count
        count = 0
        var number = 1
        while number <= deepCount {
            let met = viewLevels[number].indices(meeting: range)
            if !met.isEmpty {
                (levels + count).initialize(to: LevelCursor(viewLevels[number], in: met, at: timestamp))
                covers?.add(viewLevels[number][met])
                count += 1
            }
            number += 1
        }
        sourceCount = levelsStart + count
        self.covers = covers?.list ?? []
        isAlone = sourceCount == 1 && self.covers.isEmpty
        heads.initialize(repeating: Head(key: .empty, isValid: false), count: sourceCount)
    }

    private static func aligned(_ bytes: Int) -> Int { (bytes + 15) / 16 * 16 }

    deinit {
        memtables.deinitialize(count: memtableCount)
        tables.deinitialize(count: levelsStart - memtableCount)
        levels.deinitialize(count: sourceCount - levelsStart)
        memory.deallocate()
    }

    /// Whether there is an entry to look at.
    package var isValid: Bool { current >= 0 }

    /// The entry's key, valid until the next move.
    package var key: BorrowedBytes { heads[current].key }

    /// The entry's value, or the reference of a large one, valid until the next move.
    package var value: BorrowedBytes {
        if current < memtableCount { return memtables[current].entry.value }
        if current < levelsStart { return tables[current - memtableCount].entry.value }
        return levels[current - levelsStart].entry.value
    }

    /// Whether the entry's value is the reference of one that lives in an extent of its own.
    package var isLargeValue: Bool { kind(current) == .largeValue }

    @inline(__always)
    private func kind(_ source: Int) -> EntryKind {
        if source < memtableCount { return memtables[source].entry.kind }
        if source < levelsStart { return tables[source - memtableCount].entry.kind }
        return levels[source - levelsStart].entry.kind
    }

    func timestamp(_ source: Int) -> Timestamp {
        if source < memtableCount { return memtables[source].entry.timestamp }
        if source < levelsStart { return tables[source - memtableCount].entry.timestamp }
        return levels[source - levelsStart].entry.timestamp
    }

    /// Moves to the first entry whose key is at or after `key`.
    package func seek(to key: BorrowedBytes) throws(StoreError) {
        direction = .forward
        try forEachSource { source throws(StoreError) in
            try seek(source, to: key)
        }
        try settle()
    }

    /// Moves to the last entry whose key is before `key`.
    package func seek(before key: BorrowedBytes) throws(StoreError) {
        direction = .backward
        try forEachSource { source throws(StoreError) in
            try seekBackward(source, before: key)
        }
        try settle()
    }

    /// Moves to the last entry of all.
    package func seekToLast() throws(StoreError) {
        direction = .backward
        try forEachSource { source throws(StoreError) in
            if source < memtableCount {
                memtables[source].seekToLast()
            } else if source < levelsStart {
                try tables[source - memtableCount].seekToLast()
            } else {
                try levels[source - levelsStart].seekToLast()
            }
        }
        try settle()
    }

    /// Moves to the next entry in key order.
    package func next() throws(StoreError) {
        precondition(isValid)
        if direction == .backward {
            turningKey.assign(key)
            direction = .forward
            let last = turningKey.bytes
            try forEachSource { source throws(StoreError) in
                try seek(source, to: last)
                load(source)
                if heads[source].isValid, KeyOrder.isEqual(heads[source].key, last) { try step(source) }
            }
        } else {
            try step(current)
            if isAlone, showsHead { return }
        }
        try settle()
    }

    /// Moves to the previous entry in key order.
    package func previous() throws(StoreError) {
        precondition(isValid)
        if direction == .forward {
            turningKey.assign(key)
            try seek(before: turningKey.bytes)
            return
        }
        try step(current)
        if isAlone, showsHead { return }
        try settle()
    }

    /// Whether the only source, of a store that has settled, stands on an entry to show: 4 ns of a step less than to
    /// settle.
    @inline(__always)
    private var showsHead: Bool { heads[0].isValid && kind(0) != .tombstone }

    func seek(_ source: Int, to key: BorrowedBytes) throws(StoreError) {
        if source < memtableCount {
            memtables[source].seek(to: key)
        } else if source < levelsStart {
            try tables[source - memtableCount].seek(to: key)
        } else {
            try levels[source - levelsStart].seek(to: key)
        }
    }

    func seekBackward(_ source: Int, before key: BorrowedBytes) throws(StoreError) {
        if source < memtableCount {
            memtables[source].seekBackward(before: key)
        } else if source < levelsStart {
            try tables[source - memtableCount].seekBackward(before: key)
        } else {
            try levels[source - levelsStart].seekBackward(before: key)
        }
    }

    private func forEachSource(_ body: (Int) throws(StoreError) -> Void) throws(StoreError) {
        // A failure leaves no entry to look at, rather than one that a failed source may have hidden.
        current = -1
        clear.isKnown = false
        var source = 0
        while source < sourceCount {
            try body(source)
            load(source)
            source += 1
        }
    }

    @inline(__always)
    func load(_ source: Int) {
        if source < memtableCount {
            let isValid = memtables[source].isValid
            heads[source] = Head(key: isValid ? memtables[source].key : .empty, isValid: isValid)
        } else if source < levelsStart {
            let isValid = tables[source - memtableCount].isValid
            heads[source] = Head(key: isValid ? tables[source - memtableCount].key : .empty, isValid: isValid)
        } else {
            let isValid = levels[source - levelsStart].isValid
            heads[source] = Head(key: isValid ? levels[source - levelsStart].key : .empty, isValid: isValid)
        }
    }

    /// Moves one source in the current direction.
    @inline(__always)
    func step(_ source: Int) throws(StoreError) {
        if source < memtableCount {
            if direction == .forward { memtables[source].next() } else { memtables[source].previous() }
        } else if source < levelsStart {
            if direction == .forward {
                try tables[source - memtableCount].next()
            } else {
                try tables[source - memtableCount].previous()
            }
        } else if direction == .forward {
            try levels[source - levelsStart].next()
        } else {
            try levels[source - levelsStart].previous()
        }
        load(source)
    }

    /// Finds the entry to show: the smallest (largest, going backward) head, newest source first; steps equal keys of
    /// older sources over; and goes on behind a tombstone.
    private func settle() throws(StoreError) {
        while true {
            current = -1
            var best = -1
            var source = 0
            while source < sourceCount {
                if heads[source].isValid {
                    if best < 0 {
                        best = source
                    } else {
                        let order = KeyOrder.compare(heads[source].key, heads[best].key)
                        if order == 0 {
                            try step(source)
                        } else if (order < 0) == (direction == .forward) {
                            best = source
                        }
                    }
                }
                source += 1
            }
            guard best >= 0 else { return }
            if !covers.isEmpty, !isClear(best), try leap(from: best) { continue }
            guard kind(best) == .tombstone else {
                current = best
                return
            }
            try step(best)
        }
    }
}
