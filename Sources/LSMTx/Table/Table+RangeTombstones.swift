internal import Synchronization

/// A table's range tombstones: read at their first use, then kept for the table's life and counted by the cache.
extension Table {
    /// What they cover together, from the first key to the end of the last. There are some.
    package var rangeOfTombstones: KeyRange {
        KeyRange(from: descriptor.statistics.rangeLower, upTo: descriptor.statistics.rangeUpper)
    }

    /// The newest range tombstone at or below `timestamp` that covers `key`; `Timestamp.zero` when there is none.
    ///
    /// - Throws: `corrupt`, with the keys that the range tombstones cover together, when they are damaged.
    @inline(__always)
    package func newestRangeTombstone(
        covering key: BorrowedBytes, at timestamp: Timestamp
    ) throws(StoreError) -> Timestamp {
        guard hasRangeTombstones, timestamp >= descriptor.smallestTimestamp, rangeOfTombstones.holds(key) else {
            return .zero
        }
        return try rangeTombstones()._withUnsafeGuaranteedRef { $0.newest(covering: key, at: timestamp) }
    }

    /// The newest range tombstone that has keys from `lower` up to but not including `upper`; `Timestamp.zero` when
    /// there is none.
    package func newestRangeTombstone(
        from lower: BorrowedBytes, upTo upper: BorrowedBytes?
    ) throws(StoreError) -> Timestamp {
        guard hasRangeTombstones, rangeOfTombstones.overlaps(KeyRange(from: lower.array, upTo: upper?.array)) else {
            return .zero
        }
        return try rangeTombstones()._withUnsafeGuaranteedRef { $0.newest(from: lower, upTo: upper) }
    }

    /// The range tombstones, lent for the table's life. There are some.
    @inline(__always)
    package func rangeTombstones() throws(StoreError) -> Unmanaged<RangeTombstones> {
        if let known = UnsafeRawPointer(bitPattern: rangeTombstonePointer.load(ordering: .acquiring)) {
            return .fromOpaque(known)
        }
        return try loadRangeTombstones()
    }

    @inline(never)
    private func loadRangeTombstones() throws(StoreError) -> Unmanaged<RangeTombstones> {
        let loaded: Unmanaged<RangeTombstones>
        do throws(StoreError) {
            loaded = .passRetained(try readRangeTombstones(try readProperties()))
        } catch {
            throw Self.error(error, covering: rangeOfTombstones)
        }
        let (exchanged, original) = rangeTombstonePointer.compareExchange(
            expected: 0, desired: UInt(bitPattern: loaded.toOpaque()), ordering: .acquiringAndReleasing)
        guard !exchanged, let winner = UnsafeRawPointer(bitPattern: original) else {
            cache.charge(loaded._withUnsafeGuaranteedRef { $0.memoryBytes })
            return loaded
        }
        loaded.release()
        return .fromOpaque(winner)
    }

    /// Reads them from the device. There are some.
    func readRangeTombstones(_ properties: TableProperties) throws(StoreError) -> RangeTombstones {
        guard let pointer = properties.rangeTombstones else { return RangeTombstones([]) }
        let block = try readBlock(pointer, kind: .rangeTombstones)
        defer { block.unpin() }
        return try RangeTombstoneBlock.decode(
            Self.payload(of: block, pointer), expecting: descriptor.statistics, fileOffset: pointer.offset)
    }

    /// The same for a compaction, which needs them once.
    ///
    /// - Returns: `nil` when the table has none.
    package func readRangeTombstones() throws(StoreError) -> RangeTombstones? {
        guard hasRangeTombstones else { return nil }
        do throws(StoreError) {
            return try readRangeTombstones(try readProperties())
        } catch {
            throw Self.error(error, covering: rangeOfTombstones)
        }
    }

    /// The table ends.
    func releaseRangeTombstones() {
        let pointer = UnsafeRawPointer(bitPattern: rangeTombstonePointer.load(ordering: .acquiring))
        guard let tombstones = pointer.map({ Unmanaged<RangeTombstones>.fromOpaque($0) }) else { return }
        cache.charge(-tombstones._withUnsafeGuaranteedRef { $0.memoryBytes })
        tombstones.release()
    }
}
