/// Walks the entries of a range in both directions, and seeks in it: what a loop over a sequence cannot do.
///
/// It shows one state: that of its snapshot, or of its transaction when the cursor was made. It stands before the first
/// entry, behind the last, at an entry, or, after a ``seek(to:)``, between two. Errors are thrown where they occur.
///
/// ```swift
/// try database.read { snapshot in
///     let cursor = try snapshot.cursor(KeyRange(prefix: "user/"))
///     cursor.seek(to: "user/m")
///     while try cursor.next() {
///         try cursor.withEntry { key, value in print(key.byteCount, value.byteCount) }
///     }
///     let last = try cursor.previous() ? try cursor.entry() : nil
///     print(last?.key ?? [])
/// }
/// ```
///
/// A cursor goes on after its snapshot or its transaction has ended, until the database is closed. It keeps what it sees
/// in the file for as long as it lives. It belongs to one thread at a time, that of its transaction if it has one; what
/// it has walked over is what a serializable commit depends on.
public final class Cursor {
    private let walk: RangeCursor
    private let core: DatabaseCore
    private let bounds: KeyRange
    /// How the present walk goes; what is to begin otherwise has its place in ``start``.
    private var course = Course.none
    /// Where the next walk begins, in either direction.
    private var start = Start.beginning
    /// What the last move has met: the walk's place is not known since then.
    private var failure: StoreError?
    private var hasFailed = false
    /// A large value, for as long as it is lent.
    private var large: GrowingBuffer?

    private enum Course { case none, forward, backward }

    private enum Start {
        case beginning
        case end
        case before([UInt8])
    }

    init(_ walk: RangeCursor, core: DatabaseCore, bounds: KeyRange) {
        self.walk = walk
        self.core = core
        self.bounds = bounds
    }

    // MARK: Moving

    /// Moves to the next entry in key order: at first, to the first one; after a ``seek(to:)``, to the one at or after its key;
    /// behind an entry, to the one that comes after it.
    ///
    /// - Returns: `false` at the end of the range, which ``previous()`` leads back from, to the last entry.
    /// - Throws: `closed`; `corrupt` or `io` when a block cannot be read, then again until the next seek; `tooLarge` in a
    ///   transaction whose commit would depend on too much.
    /// - Complexity: O(1) for each entry passed over, deleted ones included. O(log n) after a seek or a turn.
    public func next() throws(StoreError) -> Bool {
        if course != .forward || hasFailed { try turn(.forward) }
        return try advance(reverse: false)
    }

    /// Moves to the previous entry in key order: after ``seekToEnd()``, to the last one; after a ``seek(to:)``, to the one
    /// before its key; behind an entry, to the one that comes before it.
    ///
    /// - Returns: `false` at the beginning of the range, which ``next()`` leads back from, to the first entry.
    /// - Throws: As ``next()``.
    /// - Complexity: As ``next()``.
    public func previous() throws(StoreError) -> Bool {
        if course != .backward || hasFailed { try turn(.backward) }
        return try advance(reverse: true)
    }

    @inline(__always)
    private func advance(reverse: Bool) throws(StoreError) -> Bool {
        try core.checkOpen()
        do throws(StoreError) {
            return try walk.advance(reverse: reverse)
        } catch {
            hasFailed = true
            failure = error
            throw error
        }
    }

    /// Has the walk go on in another direction, or from another place.
    private func turn(_ wanted: Course) throws(StoreError) {
        if hasFailed, let failure { throw failure }
        if course != .none { start = standing }
        let part =
            switch (start, wanted) {
            case (.beginning, .backward): KeyRange(from: bounds.lowerBound, upTo: bounds.lowerBound)
            case (.end, .forward): KeyRange(from: bounds.upperBound ?? [], upTo: bounds.upperBound ?? [])
            case (.beginning, _), (.end, _): bounds
            case (.before(let key), .backward): KeyRange(from: bounds.lowerBound, upTo: key)
            case (.before(let key), _): KeyRange(from: key, upTo: bounds.upperBound)
            }
        try walk.restart(in: part)
        course = wanted
    }

    /// Where a walk in the other direction begins: behind the entry as this one goes, which is not shown again.
    private var standing: Start {
        let isForward = course == .forward
        guard walk.isAtEntry else { return isForward ? .end : .beginning }
        return .before(isForward ? walk.key.array : walk.key.array + [0])
    }

    /// Goes before a key: ``next()`` leads to the first entry at or after it, and ``previous()`` to the last one before it.
    /// Nothing is read yet.
    ///
    /// - Parameter key: Any key. One outside of the range is taken to be the nearest end of it.
    /// - Complexity: O(bytes of the key).
    public func seek(to key: some ByteSource) {
        seek(to: key.withBytes { key in key.withUnsafeBytes { [UInt8]($0) } })
    }

    private func seek(to key: [UInt8]) {
        if !bounds.lowerBound.lexicographicallyPrecedes(key) {
            go(to: .beginning)
        } else if let upper = bounds.upperBound, !key.lexicographicallyPrecedes(upper) {
            go(to: .end)
        } else {
            go(to: .before(key))
        }
    }

    /// Goes before the first entry, as at the beginning.
    public func seekToBeginning() { go(to: .beginning) }

    /// Goes behind the last entry.
    public func seekToEnd() { go(to: .end) }

    private func go(to place: Start) {
        start = place
        course = .none
        hasFailed = false
        failure = nil
    }

    // MARK: Looking

    /// Whether the cursor stands at an entry.
    public var isAtEntry: Bool { course != .none && !hasFailed && walk.isAtEntry }

    /// The entry at which the cursor stands.
    ///
    /// - Returns: A copy of it, or `nil` where there is none.
    /// - Throws: `closed`, `corrupt` or `io` when a value over ``Limits/largeValueBytes`` cannot be read.
    /// - Complexity: O(bytes of key and value).
    public func entry() throws(StoreError) -> Entry? {
        guard isAtEntry else { return nil }
        return Entry(key: walk.key.array, value: try walk.value())
    }

    /// Lends the entry at which the cursor stands, without copying it.
    ///
    /// - Parameter body: Receives key and value, valid until it returns. It must not move the cursor.
    /// - Returns: What `body` returns, or `nil` where there is no entry.
    /// - Throws: As ``entry()``, and what `body` throws.
    /// - Complexity: O(1), and O(bytes of the value) for one over ``Limits/largeValueBytes``.
    public func withEntry<R>(_ body: (RawSpan, RawSpan) throws -> R) throws -> R? {
        guard isAtEntry else { return nil }
        return try body(walk.key.buffer.bytes, try lentValue().buffer.bytes)
    }

    /// An entry that is lent until the next move.
    package struct LentEntry {
        package let key: BorrowedBytes
        package let value: BorrowedBytes
    }

    /// Moves, and lends the entry that this leads to: in one call, which another module cannot have inlined.
    ///
    /// - Parameters:
    ///   - reverse: To the previous entry instead of the next one.
    ///   - withValue: Whether the value is wanted; else it is empty, and a large one is not read.
    /// - Returns: The entry, or `nil` at the end of the range.
    /// - Throws: As ``next()`` and ``entry()``.
    package func lend(reverse: Bool, withValue: Bool) throws(StoreError) -> LentEntry? {
        guard try reverse ? previous() : next() else { return nil }
        return LentEntry(key: walk.key, value: withValue ? try lentValue() : .empty)
    }

    /// The value of the entry at which the cursor stands, valid until the next move.
    ///
    /// - Throws: As ``entry()``.
    private func lentValue() throws(StoreError) -> BorrowedBytes {
        guard walk.isLarge else { return walk.storedValue }
        let value = try walk.largeValue()
        let buffer = large ?? GrowingBuffer()
        large = buffer
        value.withUnsafeBytes { buffer.assign(BorrowedBytes($0)) }
        return buffer.bytes
    }
}

// Not for other threads, as what it walks over.
@available(*, unavailable)
extension Cursor: Sendable {}

extension Snapshot {
    /// A cursor over the entries of a range.
    ///
    /// - Parameter range: The keys; all by default.
    /// - Returns: The cursor, which stands before the first of them. Nothing is read yet.
    /// - Throws: `closed`.
    /// - Complexity: O(the number of tables that overlap the range, and of levels).
    public func cursor(_ range: KeyRange = .all) throws(StoreError) -> Cursor {
        Cursor(try walk(range), core: core, bounds: range)
    }
}

extension Transaction {
    /// A cursor over the entries of a range, the transaction's own writes among them as far as they were made before.
    ///
    /// - Parameter range: The keys; all by default.
    /// - Returns: The cursor, which stands before the first of them. Nothing is read yet.
    /// - Throws: `closed`, `tooLarge`.
    /// - Complexity: O(the number of tables that overlap the range, and of levels, and what the transaction has written).
    public func cursor(_ range: KeyRange = .all) throws(StoreError) -> Cursor {
        Cursor(try walk(range, isGuarded: true), core: core, bounds: range)
    }
}

extension UnguardedReads {
    /// A cursor over the entries of a range: see ``Transaction/cursor(_:)``. The commit does not depend on it.
    ///
    /// - Parameter range: The keys; all by default.
    /// - Returns: The cursor, which stands before the first of them. Nothing is read yet.
    /// - Throws: `closed`.
    /// - Complexity: As ``Transaction/cursor(_:)``.
    public func cursor(_ range: KeyRange = .all) throws(StoreError) -> Cursor {
        Cursor(try transaction.walk(range, isGuarded: false), core: transaction.core, bounds: range)
    }
}
