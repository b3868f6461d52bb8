/// Walks what is visible at a timestamp in one level below 0: for each user key its newest version at or before it,
/// tombstones included.
///
/// It stands in one table, which alone is open, and goes on in the neighbour at that table's end. Since no key is in
/// two tables of a level, the table's own cursor decides what is shown. Tables with nothing as old as the timestamp
/// are passed over unread.
///
/// Like a ``TableCursor``, it shows nothing and stays where it is once it has passed an end, and throws at every move
/// after damage, until it is placed anew.
package struct LevelCursor: ~Copyable {
    private let tables: [Table]
    /// The tables that it may enter.
    private let bounds: Range<Int>
    private let timestamp: Timestamp
    private var place: Int
    private var cursor: TableCursor
    /// Whether it has not been placed, or has passed an end.
    private var isOutside = true

    /// - Parameters:
    ///   - tables: In key order, with disjoint key ranges.
    ///   - bounds: Which of them to walk; at least one.
    package init(_ tables: [Table], in bounds: Range<Int>, at timestamp: Timestamp) {
        precondition(!bounds.isEmpty, "a cursor needs a table")
        self.tables = tables
        self.bounds = bounds
        self.timestamp = timestamp
        place = bounds.lowerBound
        cursor = tables[bounds.lowerBound].cursor(at: timestamp)
    }

    /// Whether the cursor stands on an entry.
    package var isValid: Bool {
        @inline(__always) get { cursor.isValid }
    }

    /// The entry, valid until the next move. Requires ``isValid``.
    package var entry: TableEntry {
        @inline(__always) get { cursor.entry }
    }

    /// The entry's key, valid until the next move. Requires ``isValid``.
    package var key: BorrowedBytes {
        @inline(__always) get { cursor.key }
    }

    /// Goes to the first visible key.
    package mutating func seekToFirst() throws(StoreError) {
        try enterFirst(from: bounds.lowerBound)
    }

    /// Goes to the last visible key.
    package mutating func seekToLast() throws(StoreError) {
        try enterLast(from: bounds.upperBound - 1)
    }

    /// Goes to the first visible key that is not before `key`.
    package mutating func seek(to key: BorrowedBytes) throws(StoreError) {
        let first = tables.firstEnding(atOrAfter: key, in: bounds)
        if first < bounds.upperBound, enter(first) {
            try cursor.seek(to: key)
            if cursor.isValid { return }
        }
        try enterFirst(from: first + 1)
    }

    /// Goes to the last visible key that is before `key`.
    package mutating func seekBackward(before key: BorrowedBytes) throws(StoreError) {
        let last = tables.firstBeginning(atOrAfter: key, in: bounds) - 1
        if last >= bounds.lowerBound, enter(last) {
            try cursor.seekBackward(before: key)
            if cursor.isValid { return }
        }
        try enterLast(from: last - 1)
    }

    /// Goes to the next visible key.
    @inline(__always)
    package mutating func next() throws(StoreError) {
        try cursor.next()
        if !cursor.isValid, !isOutside { try enterFirst(from: place + 1) }
    }

    /// Goes to the visible key before.
    @inline(__always)
    package mutating func previous() throws(StoreError) {
        try cursor.previous()
        if !cursor.isValid, !isOutside { try enterLast(from: place - 1) }
    }

    /// Goes to the first visible key of the tables from the `index`th on.
    @inline(never)
    private mutating func enterFirst(from index: Int) throws(StoreError) {
        var index = index
        while index < bounds.upperBound {
            if enter(index) {
                try cursor.seekToFirst()
                if cursor.isValid { return }
            }
            index += 1
        }
        leave()
    }

    /// Goes to the last visible key of the tables up to the `index`th.
    @inline(never)
    private mutating func enterLast(from index: Int) throws(StoreError) {
        var index = index
        while index >= bounds.lowerBound {
            if enter(index) {
                try cursor.seekToLast()
                if cursor.isValid { return }
            }
            index -= 1
        }
        leave()
    }

    /// Makes a table the one that the cursor stands in, unless it holds nothing as old as the timestamp.
    private mutating func enter(_ index: Int) -> Bool {
        guard tables[index].descriptor.smallestTimestamp <= timestamp else { return false }
        isOutside = false
        guard index != place else { return true }
        place = index
        cursor.stand(in: tables[index])
        return true
    }

    private mutating func leave() {
        isOutside = true
        cursor.stand(in: tables[place])
    }
}
