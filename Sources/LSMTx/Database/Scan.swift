/// The entries of a range, as a sequence.
///
/// Each iteration reads the snapshot or transaction anew from the range's beginning. One that has begun goes on showing
/// the same state after the snapshot or transaction has ended; a commit rests on what had been iterated by then.
///
/// An error, such as `corrupt`, ends the sequence; it is thrown by the enclosing `read` or `write`, or by the transaction's
/// `commit`. A ``Snapshot`` from ``Database/snapshot(at:)`` has nothing around it that could throw, so there the sequence
/// is silently shorter: call ``Snapshot/checkScans()`` after it, or read by ``Readable/forEach(_:reverse:_:)`` or
/// ``Snapshot/stream(_:reverse:limit:)``, which throw.
///
/// ```swift
/// try database.read { snapshot in
///     for entry in snapshot.scan(KeyRange(prefix: "user/")) {
///         print(String(decoding: entry.key, as: UTF8.self))
///     }
/// }
/// ```
public struct Scan: Sequence {
    private let reverse: Bool
    private let limit: Int?
    private let failure: ScanFailure
    private let open: () throws(StoreError) -> RangeCursor

    init(
        range: KeyRange, reverse: Bool, limit: Int?, failure: ScanFailure,
        open: @escaping () throws(StoreError) -> RangeCursor
    ) {
        self.reverse = reverse
        self.limit = limit
        self.failure = failure
        self.open = open
    }

    /// Begins at the first entry of the scan's direction.
    ///
    /// - Returns: An iterator, which keeps what it reads from alive until it ends.
    public func makeIterator() -> Iterator {
        do {
            return Iterator(cursor: try open(), reverse: reverse, limit: limit, failure: failure)
        } catch {
            failure.note(error)
            return Iterator(cursor: nil, reverse: reverse, limit: limit, failure: failure)
        }
    }

    /// Walks the entries of a scan.
    public struct Iterator: IteratorProtocol {
        private var cursor: RangeCursor?
        private let reverse: Bool
        private var left: Int
        private let failure: ScanFailure

        init(cursor: RangeCursor?, reverse: Bool, limit: Int?, failure: ScanFailure) {
            self.cursor = cursor
            self.reverse = reverse
            left = limit ?? .max
            self.failure = failure
        }

        /// Moves on by one entry.
        ///
        /// - Returns: A copy of the next entry, or `nil` at the end.
        /// - Complexity: O(1) for each entry passed over, deleted ones included.
        public mutating func next() -> Entry? {
            guard left > 0, let cursor else { return nil }
            do {
                if try cursor.advance(reverse: reverse) {
                    left -= 1
                    return Entry(key: cursor.key.array, value: try cursor.value())
                }
            } catch {
                failure.note(error)
            }
            self.cursor = nil
            return nil
        }
    }
}
