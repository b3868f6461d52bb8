/// Passing over what range tombstones hide.
///
/// 1. An entry is hidden by the newest source, up to its own, of which a range tombstone covers its key; in its own
///    source, only if the range tombstone is newer than the entry.
/// 2. All versions of a key in older sources are older than that range tombstone. So in its whole interval nothing of
///    them is shown, and each is moved past the interval at once.
/// 3. In the source itself there may be entries that are newer; it moves on by one.
///
/// So a scan passes a million deleted keys of an older source in the time of a seek. Where nothing is hidden, it
/// remembers up to which key, and compares with that alone.
extension MergingIterator {
    /// The covers of an iterator's sources, in the making.
    struct Covers {
        private(set) var list: [RangeCover?]
        private let timestamp: Timestamp
        private let range: KeyRange

        /// - Returns: `nil` when there are no range tombstones at all.
        @inline(__always)
        static func ifNeeded(
            view: ReadView, at timestamp: Timestamp, range: KeyRange, deletions: RangeTombstoneRuns?
        ) -> Covers? {
            guard deletions != nil || view.hasRangeTombstones else { return nil }
            return Covers(list: [deletions.map { RangeCover($0.runs, at: .max) }], timestamp: timestamp, range: range)
        }

        mutating func add(_ memtable: Memtable) {
            list.append(memtable.rangeTombstones.map { RangeCover($0.runs, at: timestamp) })
        }

        /// - Parameter tables: Of one level, or one of level 0.
        mutating func add(_ tables: some Collection<Table>) {
            let covering = tables.filter { $0.hasRangeTombstones && $0.rangeOfTombstones.overlaps(range) }
            list.append(covering.isEmpty ? nil : RangeCover(Array(covering), at: timestamp))
        }
    }

    /// An interval of keys in which no source up to a certain one hides anything.
    struct ClearKeys {
        var isKnown = false
        var sources = 0
        /// `nil` for no end on that side.
        var lower: BorrowedBytes?
        var upper: BorrowedBytes?

        mutating func narrow(to cover: RangeCover) {
            if let bound = cover.lower, lower.map({ KeyOrder.compare($0, bound) < 0 }) ?? true { lower = bound }
            if let bound = cover.upper, upper.map({ KeyOrder.compare(bound, $0) < 0 }) ?? true { upper = bound }
        }
    }

    /// Whether it is known that the entry of `source` is not hidden. Since the interval was found, the iterator has only
    /// moved in its direction.
    @inline(__always)
    func isClear(_ source: Int) -> Bool {
        guard clear.isKnown, source <= clear.sources else { return false }
        if direction == .forward {
            guard let upper = clear.upper else { return true }
            return KeyOrder.compare(heads[source].key, upper) < 0
        }
        guard let lower = clear.lower else { return true }
        return KeyOrder.compare(heads[source].key, lower) >= 0
    }

    /// So many steps are taken before a seek, which costs about as much.
    private static var stepsBeforeSeek: Int { 4 }

    /// If the entry of `source`, the newest one at the first key of all, is hidden, moves every source past what is.
    ///
    /// - Returns: Whether any moved.
    func leap(from source: Int) throws(StoreError) -> Bool {
        clear.isKnown = false
        var found = ClearKeys()
        // Each source stands behind the cover of the one before it.
        for number in 0...source + 1 {
            guard let cover = covers[number] else { continue }
            try cover.move(to: heads[source].key)
            guard cover.timestamp > .zero else {
                found.narrow(to: cover)
                continue
            }
            if number <= source {
                for older in number..<sourceCount { try leap(over: cover, older) }
                return true
            }
            guard timestamp(source) < cover.timestamp else { return false }
            for older in number..<sourceCount { try leap(over: cover, older) }
            try step(source)
            return true
        }
        found.isKnown = true
        found.sources = source
        clear = found
        return false
    }

    /// Moves a source past the interval of a cover.
    private func leap(over cover: RangeCover, _ source: Int) throws(StoreError) {
        var steps = 0
        while isInside(cover, source) {
            guard steps == Self.stepsBeforeSeek else {
                try step(source)
                steps += 1
                continue
            }
            switch direction {
            case .forward:
                guard let upper = cover.upper else {
                    heads[source].isValid = false
                    return
                }
                try seek(source, to: upper)
            case .backward:
                guard let lower = cover.lower else {
                    heads[source].isValid = false
                    return
                }
                try seekBackward(source, before: lower)
            }
            load(source)
        }
    }

    /// Whether a source stands before the interval's end. All stand at the first key or behind it, which is inside.
    private func isInside(_ cover: RangeCover, _ source: Int) -> Bool {
        guard heads[source].isValid else { return false }
        if direction == .forward { return cover.upper.map { KeyOrder.compare(heads[source].key, $0) < 0 } ?? true }
        return cover.lower.map { KeyOrder.compare(heads[source].key, $0) >= 0 } ?? true
    }
}
