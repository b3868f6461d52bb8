import Testing

@testable import LSMTx

@Suite struct MemtableReserveTests {
    private static let capacity = 4 << 20

    private func fill(_ memtable: Memtable, timestamp: UInt64) {
        for key in 0..<1_000 as Range<UInt16> {
            memtable.insert([UInt8(key >> 8), UInt8(key & 255)], at: timestamp, [UInt8(timestamp)])
        }
    }

    @Test func aMemtableOfUsedMemoryIsEmptyAndWorks() throws {
        let reserve = MemtableReserve()
        for timestamp in 1...4 as ClosedRange<UInt64> {
            try useOne(timestamp, reserve)
            #expect(reserve.count == 1)
            reserve.prepare()
            #expect(reserve.count == 1)
        }
    }

    private func useOne(_ timestamp: UInt64, _ reserve: MemtableReserve) throws {
        let memtable = try Memtable(capacity: Self.capacity, reserve: reserve)
        #expect(reserve.count == 0)
        #expect(memtable.isEmpty && memtable.keyCount == 0 && !memtable.isFrozen)
        #expect(memtable.smallestTimestamp == .max && memtable.timestampBound == .zero)
        #expect(memtable.items(at: 1 << 40).isEmpty)
        fill(memtable, timestamp: timestamp)
        let items = memtable.items(at: 1 << 40)
        #expect(items.count == 1_000 && items.allSatisfy { $0.version.value == [UInt8(timestamp)] })
        memtable.freeze()
    }

    private func makeAndDrop(_ count: Int, capacity: Int = capacity, _ reserve: MemtableReserve) throws {
        let memtables = try (0..<count).map { _ in try Memtable(capacity: capacity, reserve: reserve) }
        for memtable in memtables { fill(memtable, timestamp: 7) }
    }

    @Test func oneBlockIsKeptOfThoseThatWereDropped() throws {
        let reserve = MemtableReserve()
        try makeAndDrop(6, reserve)
        #expect(reserve.count == 3)
        reserve.prepare()
        #expect(reserve.count == 1)
        try makeAndDrop(2, reserve)
        #expect(reserve.count == 2)
        reserve.prepare()
        #expect(reserve.count == 1)
    }

    @Test func aMemtableOfAnotherShapeDoesNotTakeTheBlock() throws {
        let reserve = MemtableReserve()
        try makeAndDrop(1, reserve)
        reserve.prepare()
        let other = try Memtable(capacity: Self.capacity, entries: 400_000, reserve: reserve)
        #expect(reserve.count == 1)
        let same = try Memtable(capacity: Self.capacity, reserve: reserve)
        #expect(reserve.count == 0)
        withExtendedLifetime((other, same)) {}
    }

    @Test func anIdleStoreKeepsNothing() throws {
        let reserve = MemtableReserve()
        try makeAndDrop(2, reserve)
        reserve.prepare()
        reserve.empty()
        #expect(reserve.count == 0)
        try makeAndDrop(1, reserve)
        #expect(reserve.count == 0)
        reserve.prepare()
        try makeAndDrop(1, reserve)
        #expect(reserve.count == 1)
    }

    @Test func smallMemtablesUseTheHeap() throws {
        let reserve = MemtableReserve()
        try makeAndDrop(3, capacity: 256 << 10, reserve)
        #expect(reserve.count == 0)
    }
}
