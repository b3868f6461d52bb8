/// Walks the entries of a range for a snapshot or a transaction, in one direction; a transaction's own writes lie over
/// what is committed.
///
/// Where both have a key, the own write decides: it is shown instead, or, being a deletion, hides it. The own writes
/// are those made before the cursor; later ones do not disturb it.
final class RangeCursor {
    private let core: DatabaseCore
    /// The snapshot or transaction, which has the own writes.
    private let owner: AnyObject
    /// Keeps what the cursor sees, large values among it, when the owner has been closed: compaction may drop versions
    /// then, and the extents of large values belong to newer tables than those that the iterator has.
    private let reader: SnapshotTracker.Ticket
    private let timestamp: Timestamp
    private let iterator: MergingIterator
    /// What the present walk goes over: all that the cursor was made for, or the part of it that a ``restart(in:)`` chose.
    private var range: KeyRange
    private var isRangeEmpty: Bool
    private let ownWrites: WriteSet?
    /// The own writes in the range, in key order; the next one, counted from the end that the walk begins at.
    private let ownPlaces: [WriteSet.Place]
    /// By place, the mutations that are pending there, oldest first.
    private let ownChains: [Int: [WriteSet.Place]]
    private var ownIndex = 0
    private var isReverse = false
    private var isStarted = false
    /// Whether the current entry comes from the own writes, and whether the iterator stands at it too.
    private var showsOwn = false
    private var showsCommitted = false
    /// Copies of the own entry that is shown: whoever looks at it may write meanwhile, which moves the write set.
    /// `nil` where there are none to show.
    private let ownKey: GrowingBuffer?
    private let ownValue: GrowingBuffer?
    private var ownKind = EntryKind.value
    /// The transaction that depends on what is read.
    private let tracker: Transaction?
    private(set) var isAtEntry = false
    /// Of the asynchronous call that it is part of.
    private let cancellation: Cancellation?

    /// The device is held for it, and the owner is open and reads at `timestamp`: see ``DatabaseCore/cursor(for:at:range:ownWrites:)``.
    init(
        core: DatabaseCore, owner: AnyObject, at timestamp: Timestamp, range: KeyRange, ownWrites: WriteSet?,
        tracker: Transaction?, cancellation: Cancellation?
    ) {
        reader = core.snapshots.share(timestamp, hint: Epoch.threadHint)
        ownWrites?.beginCursor()
        iterator = core.engine.iterator(at: timestamp, range: range, without: ownWrites?.deletions)
        self.core = core
        self.timestamp = timestamp
        self.owner = owner
        self.range = range
        isRangeEmpty = range.isEmpty
        self.ownWrites = ownWrites
        self.tracker = tracker
        self.cancellation = cancellation
        let ownEntries = ownWrites.map { $0.isEmpty ? [] : $0.sortedEntries(in: range) } ?? []
        ownPlaces = ownWrites.map { writes in ownEntries.map { writes.place(of: $0) } } ?? []
        ownChains = ownWrites.flatMap { $0.hasMutations ? $0.chains(to: ownEntries) : nil } ?? [:]
        ownKey = ownPlaces.isEmpty ? nil : GrowingBuffer()
        ownValue = ownPlaces.isEmpty ? nil : GrowingBuffer()
        tracker?.beginTracking(self)
    }

    deinit {
        tracker?.endTracking(self)
        ownWrites?.endCursor()
        core.closeSnapshot(reader, at: timestamp)
        core.releaseDevice()
    }

    /// The current entry's key, valid until the next move.
    var key: BorrowedBytes { showsOwn ? ownKey.unsafelyUnwrapped.bytes : iterator.key }

    /// The current entry's value, or the reference of a large one, valid until the next move.
    var storedValue: BorrowedBytes { showsOwn ? ownValue.unsafelyUnwrapped.bytes : iterator.value }

    var isLarge: Bool { showsOwn ? ownKind == .largeValue : iterator.isLargeValue }

    /// A copy of the current entry's value. Large ones are read only now.
    func value() throws(StoreError) -> [UInt8] {
        isLarge ? try largeValue() : storedValue.array
    }

    func largeValue() throws(StoreError) -> [UInt8] {
        guard showsOwn else { return try core.largeValue(storedValue, of: key) }
        try checkOwn()
        return try core.ownLargeValue(storedValue, of: key)
    }

    /// Throws when the own large values are not the transaction's any more.
    private func checkOwn() throws(StoreError) {
        guard ownWrites?.largeValuesAreReadable == true else { throw DatabaseCore.closedError("transaction") }
    }

    /// Moves to the first entry, or to the next one.
    ///
    /// - Parameter reverse: The direction, the same in every call.
    /// - Returns: `false` at the end.
    func advance(reverse: Bool) throws(StoreError) -> Bool {
        isAtEntry = false
        if let cancellation { try cancellation.check() }
        if !isStarted {
            try start(reverse: reverse)
        } else {
            if showsOwn { ownIndex += 1 }
            if showsCommitted { try step() }
        }
        isAtEntry = try settle()
        if isAtEntry, let tracker, tracker.has(.trackYieldedKeys) { tracker.noteYielded(key) }
        return isAtEntry
    }

    /// What the caller has learnt something about: up to the entry where the cursor stands, that one included; all of
    /// the range when it has come to the end, or met an error. `nil` before the first entry was asked for.
    var consumed: KeyRange? {
        guard isStarted else { return nil }
        guard isAtEntry else { return range }
        let key = key.array
        return isReverse
            ? KeyRange(from: key, upTo: range.upperBound) : KeyRange(from: range.lowerBound, upTo: key + [0])
    }

    /// Begins another walk, in either direction, which the next ``advance(reverse:)`` begins. What the walk before has
    /// consumed counts as read.
    ///
    /// - Parameter part: A part of what the cursor was made for, whose bound in the direction of the walk is the same.
    /// - Throws: `tooLarge` when the transaction would remember more than its budget; nothing is changed then.
    func restart(in part: KeyRange) throws(StoreError) {
        if let tracker {
            try tracker.checkBudget(adding: part.lowerBound.count + (part.upperBound?.count ?? 0))
            tracker.noteConsumed(by: self)
        }
        range = part
        isRangeEmpty = part.isEmpty
        isStarted = false
        isAtEntry = false
    }

    private func start(reverse: Bool) throws(StoreError) {
        isStarted = true
        isReverse = reverse
        guard !isRangeEmpty else {
            ownIndex = ownPlaces.count
            return
        }
        ownIndex = ownPlaces.isEmpty ? 0 : firstOwnIndex()
        if !reverse {
            try range.lowerBound.withBorrowedBytes { key throws(StoreError) in try iterator.seek(to: key) }
        } else if let upper = range.upperBound {
            try upper.withBorrowedBytes { key throws(StoreError) in try iterator.seek(before: key) }
        } else {
            try iterator.seekToLast()
        }
    }

    /// The place in the order of the walk of the first own write in the range.
    private func firstOwnIndex() -> Int {
        guard let ownWrites else { return 0 }
        if isReverse {
            guard let upper = range.upperBound else { return 0 }
            return ownPlaces.count - ownPlacesBelow(upper, ownWrites)
        }
        return range.lowerBound.isEmpty ? 0 : ownPlacesBelow(range.lowerBound, ownWrites)
    }

    /// How many own writes come before `bound`.
    private func ownPlacesBelow(_ bound: [UInt8], _ ownWrites: WriteSet) -> Int {
        bound.withUnsafeBytes { bound in
            var low = 0
            var high = ownPlaces.count
            while low < high {
                let middle = (low + high) / 2
                let order = KeyOrder.compare(ownWrites.operation(at: ownPlaces[middle]).key, BorrowedBytes(bound))
                if order < 0 { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    private func step() throws(StoreError) {
        if isReverse { try iterator.previous() } else { try iterator.next() }
    }

    /// Whether the iterator stands at an entry of the range.
    @inline(__always)
    private var hasCommitted: Bool {
        guard iterator.isValid, !isRangeEmpty else { return false }
        if isReverse {
            guard !range.lowerBound.isEmpty else { return true }
            return range.lowerBound.withUnsafeBytes { KeyOrder.compare(iterator.key, BorrowedBytes($0)) >= 0 }
        }
        guard let upper = range.upperBound else { return true }
        return upper.withUnsafeBytes { KeyOrder.compare(iterator.key, BorrowedBytes($0)) < 0 }
    }

    @inline(__always)
    private func settle() throws(StoreError) -> Bool {
        showsCommitted = hasCommitted
        showsOwn = false
        guard let ownWrites, ownIndex < ownPlaces.count else { return showsCommitted }
        return try settle(among: ownWrites)
    }

    /// Finds the first entry to show of those that the transaction has written and those that are committed.
    @inline(never)
    private func settle(among ownWrites: WriteSet) throws(StoreError) -> Bool {
        while true {
            showsCommitted = hasCommitted
            showsOwn = false
            guard ownIndex < ownPlaces.count else { return showsCommitted }
            let index = isReverse ? ownPlaces.count - 1 - ownIndex : ownIndex
            let place = ownPlaces[index]
            let operation = ownWrites.operation(at: place)
            if showsCommitted {
                let order = KeyOrder.compare(operation.key, iterator.key)
                if order != 0, (order < 0) == isReverse { return true }
                showsCommitted = order == 0
            }
            if place.mutation != .none {
                try showMutated(operation.key, ownWrites.result(of: ownChains[index] ?? [], on: committedValue()))
                return true
            }
            if operation.kind != .tombstone {
                ownKind = operation.kind
                if ownWrites.hasLargeValues { try checkOwn() }
                ownKey.unsafelyUnwrapped.assign(operation.key)
                ownValue.unsafelyUnwrapped.assign(operation.value)
                showsOwn = true
                return true
            }
            ownIndex += 1
            if showsCommitted { try step() }
        }
    }

    /// The value that own mutations apply to.
    private func committedValue() throws(StoreError) -> [UInt8]? {
        guard showsCommitted else { return nil }
        return iterator.isLargeValue ? try core.largeValue(iterator.value, of: iterator.key) : iterator.value.array
    }

    private func showMutated(_ key: BorrowedBytes, _ value: [UInt8]?) {
        ownKind = .value
        ownKey.unsafelyUnwrapped.assign(key)
        (value ?? []).withUnsafeBytes { ownValue.unsafelyUnwrapped.assign(BorrowedBytes($0)) }
        showsOwn = true
    }

    /// Calls `body` with each key until it returns `false`. Large values are not read.
    func forEachKey(reverse: Bool, _ body: (RawSpan) throws -> Bool) throws {
        while try advance(reverse: reverse) {
            let isWanted = try body(key.buffer.bytes)
            guard isWanted else { return }
            try core.checkOpen()
        }
    }

    /// Calls `body` with each entry until it returns `false`.
    func forEach(reverse: Bool, _ body: (RawSpan, RawSpan) throws -> Bool) throws {
        while try advance(reverse: reverse) {
            let isWanted: Bool
            if isLarge {
                let value = try largeValue()
                isWanted = try body(key.buffer.bytes, value.span.bytes)
            } else {
                isWanted = try body(key.buffer.bytes, storedValue.buffer.bytes)
            }
            guard isWanted else { return }
            try core.checkOpen()
        }
    }
}

extension [UInt8] {
    fileprivate func withBorrowedBytes(_ body: (BorrowedBytes) throws(StoreError) -> Void) throws(StoreError) {
        try span.withUnsafeBytes { bytes throws(StoreError) in try body(BorrowedBytes(bytes)) }
    }
}
