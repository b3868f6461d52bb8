/// The entries of a range, as an asynchronous sequence: see ``Snapshot/stream(_:reverse:limit:)``.
///
/// Entries are read in batches, on a thread of the store, whenever the last batch has been consumed: so whoever consumes
/// slowly is not overrun, and at most one batch is in memory. Batches begin small and grow to 1,024 entries or 64 KiB.
/// An entry costs about twice what it costs in a ``Scan``, measured 0.3 to 0.5 us of a hundred bytes: its share of a
/// change of threads there and back, and of the look whether the task was cancelled.
///
/// ```swift
/// let snapshot = try database.snapshot()
/// defer { snapshot.close() }
/// for try await entry in snapshot.stream(KeyRange(prefix: "user/")) {
///     print(String(decoding: entry.key, as: UTF8.self))
/// }
/// ```
///
/// Each iteration reads the range anew from its beginning. One that has begun goes on showing the same state after the
/// snapshot has been closed.
public struct ScanStream: AsyncSequence, Sendable {
    /// A key and its value.
    public typealias Element = Entry
    /// A ``StoreError``, or `CancellationError`.
    public typealias Failure = any Error

    let snapshot: Snapshot
    let range: KeyRange
    let reverse: Bool
    let limit: Int?

    /// Begins at the first entry of the stream's direction.
    ///
    /// - Returns: An iterator, which keeps what it reads from alive until it ends.
    public func makeAsyncIterator() -> Iterator {
        Iterator(source: Source(snapshot: snapshot, range: range, reverse: reverse, limit: limit))
    }

    /// Walks the entries of a stream.
    public struct Iterator: AsyncIteratorProtocol {
        private var source: Source?
        private var batch: [Entry] = []
        private var index = 0

        fileprivate init(source: Source) { self.source = source }

        /// Moves on by one entry.
        ///
        /// - Parameter actor: Where the caller runs; it goes on there.
        /// - Returns: A copy of the next entry, or `nil` at the end, and after an error.
        /// - Throws: `closed`, `corrupt` or `io`; `CancellationError` when the task has been cancelled. Each ends it.
        /// - Complexity: O(1) for each entry passed over, deleted ones included.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> Entry? {
            guard let source else { return nil }
            do {
                try Task.checkCancellation()
                if index == batch.count {
                    batch = try await source.nextBatch()
                    index = 0
                }
            } catch {
                self.source = nil
                throw error
            }
            guard index < batch.count else {
                self.source = nil
                return nil
            }
            defer { index += 1 }
            return batch[index]
        }
    }

    /// What an iterator reads from.
    fileprivate final class Source: @unchecked Sendable {
        // @unchecked: only one thread at a time touches it, that of the job whose end the iterator is waiting for; the
        // pool's lock and the task's resumption order one after the other.
        private static let firstEntries = 32
        private static let mostEntries = 1024
        private static let mostBytes = 64 << 10

        private let snapshot: Snapshot
        private let range: KeyRange
        private let reverse: Bool
        private var left: Int
        private var cursor: RangeCursor?
        private var entriesAtOnce = firstEntries

        init(snapshot: Snapshot, range: KeyRange, reverse: Bool, limit: Int?) {
            self.snapshot = snapshot
            self.range = range
            self.reverse = reverse
            left = limit ?? .max
        }

        /// - Returns: The next entries; none at the end.
        func nextBatch() async throws -> [Entry] {
            guard left > 0 else { return [] }
            return try await snapshot.core.onOwnThread { cancellation in try self.read(cancellation) }
        }

        private func read(_ cancellation: Cancellation) throws(StoreError) -> [Entry] {
            let cursor: RangeCursor
            if let opened = self.cursor {
                cursor = opened
            } else {
                cursor = try snapshot.walk(range)
                self.cursor = cursor
            }
            var entries: [Entry] = []
            var bytes = 0
            let most = Swift.min(left, entriesAtOnce)
            entries.reserveCapacity(most)
            while entries.count < most, bytes < Self.mostBytes {
                try cancellation.check()
                try snapshot.core.checkOpen()
                guard try cursor.advance(reverse: reverse) else {
                    left = 0
                    self.cursor = nil
                    return entries
                }
                let entry = Entry(key: cursor.key.array, value: try cursor.value())
                bytes += entry.key.count + entry.value.count
                entries.append(entry)
            }
            left -= entries.count
            entriesAtOnce = Swift.min(2 * entriesAtOnce, Self.mostEntries)
            return entries
        }
    }
}

extension Snapshot {
    /// The entries of a range, as an asynchronous sequence of copies, which blocks nobody's thread.
    ///
    /// ```swift
    /// var bytes = 0
    /// for try await entry in snapshot.stream(.all, reverse: true, limit: 100) { bytes += entry.value.count }
    /// ```
    ///
    /// - Parameters:
    ///   - range: The keys.
    ///   - reverse: From the last key to the first.
    ///   - limit: At most so many entries, 0 or more; `nil` for no limit.
    /// - Returns: The sequence, which throws where a ``Scan`` ends early. Nothing is read before it is iterated.
    /// - Complexity: O(1); iterating, a seek and O(1) for each entry passed over, deleted ones included.
    public func stream(_ range: KeyRange = .all, reverse: Bool = false, limit: Int? = nil) -> ScanStream {
        ScanStream(snapshot: self, range: range, reverse: reverse, limit: limit)
    }
}
