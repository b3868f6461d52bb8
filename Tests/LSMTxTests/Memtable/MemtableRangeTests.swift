import LSMTxTestSupport
import Synchronization
import Testing

@testable import LSMTx

@Suite struct MemtableRangeTests {
    private static func range(_ lower: [UInt8], _ upper: [UInt8]?, _ timestamp: UInt64) -> RangeTombstone {
        RangeTombstone(lower: lower, upper: upper, timestamp: Timestamp(rawValue: timestamp))
    }

    @Test func aMemtableOfRangeTombstonesAloneIsNotEmptyAndHasNoKeys() throws {
        let memtable = try Memtable(capacity: 64 << 10)
        #expect(!memtable.hasRangeTombstones && memtable.rangeTombstones == nil)
        memtable.insert(Self.range([1], [5], 7))
        #expect(memtable.hasRangeTombstones && !memtable.isEmpty && memtable.entryCount == 1 && memtable.keyCount == 0)
        #expect(memtable.smallestTimestamp.rawValue == 7 && memtable.timestampBound.rawValue >= 7)
        var cursor = memtable.cursor(at: .max)
        cursor.seekToFirst()
        let hasFirst = cursor.isValid
        cursor.seekToLast()
        let hasLast = cursor.isValid
        #expect(!hasFirst && !hasLast)
        memtable.freeze()
        let versions = memtable.versions()
        let hasVersions = versions.isValid
        #expect(!hasVersions)
        #expect(memtable.rangeTombstones?.merged.list == [Self.range([1], [5], 7)])
    }

    @Test func everyRangeTombstoneTakesOfTheCapacity() throws {
        let memtable = try Memtable(capacity: 256 << 10)
        var timestamp: UInt64 = 0
        let bounds = (lower: [UInt8](repeating: 1, count: 100), upper: [UInt8](repeating: 2, count: 100))
        let needed = bounds.lower.withBorrowed { lower in
            bounds.upper.withBorrowed {
                Memtable.spaceNeeded(WriteOperation(kind: .rangeTombstone, key: lower, value: $0))
            }
        }
        while memtable.hasRoom(bytes: needed, entries: 1) {
            timestamp += 1
            let before = memtable.usedBytes
            memtable.insert(Self.range(bounds.lower, bounds.upper, timestamp))
            #expect(memtable.usedBytes - before == needed)
        }
        #expect(timestamp > 100 && timestamp < 500)
        let held = memtable.rangeTombstones?.runs.reduce(0) { $0 + $1.memoryBytes } ?? 0
        #expect(held <= memtable.usedBytes)
    }

    @Test func theNewestChangeOfARangeIsFound() throws {
        let memtable = try Memtable(capacity: 1 << 20)
        for number in 1...20 as ClosedRange<UInt8> { memtable.insert([number], at: UInt64(number), [number]) }
        memtable.insert(Self.range([3], [5], 90))
        memtable.insert([7], at: 95, nil)
        func newest(_ lower: [UInt8], _ upper: [UInt8]?, after floor: UInt64) -> UInt64? {
            lower.withBorrowed { low in
                let floor = Timestamp(rawValue: floor)
                guard let upper else { return memtable.newestTimestamp(from: low, upTo: nil, after: floor) }
                return upper.withBorrowed { memtable.newestTimestamp(from: low, upTo: $0, after: floor) }
            }?.rawValue
        }
        #expect(newest([1], [3], after: 0) == 2)
        #expect(newest([1], [3, 0], after: 0) == 90)
        #expect(newest([4], [4, 1], after: 89) == 90)
        #expect(newest([4], [4, 1], after: 90) == nil)
        #expect(newest([5], [7], after: 0) == 6)
        #expect(newest([5], nil, after: 0) == 95)
        #expect(newest([21], nil, after: 0) == nil)
    }

    /// One thread deletes ranges and publishes, others look: what is published is seen whole.
    @Test func readersSeeEveryPublishedRangeTombstoneWhileMoreCome() throws {
        let memtable = try Memtable(capacity: 8 << 20)
        let published = Atomic<UInt64>(0)
        let isDone = Atomic<Bool>(false)
        let wrong = Atomic<Int>(0)
        #if DEBUG
        let count: UInt64 = 1_500
        #else
        let count: UInt64 = 6_000
        #endif
        var threads: [WorkerThread] = []
        for _ in 0..<3 {
            threads.append(
                try WorkerThread(name: "test-read") {
                    var looks: UInt8 = 0
                    while !isDone.load(ordering: .acquiring) {
                        looks &+= 1
                        let now = published.load(ordering: .acquiring)
                        let epoch = Epoch.pin()
                        let found = [looks & 15].withBorrowed {
                            memtable.newestRangeTombstone(covering: $0, at: Timestamp(rawValue: now))
                        }
                        Epoch.unpin(epoch)
                        // Every sixteenth commit deletes this key's range.
                        let expected = now < 16 ? 0 : now - 15
                        if found.rawValue > now || found.rawValue < expected { wrong.add(1, ordering: .relaxed) }
                        let runs = memtable.rangeTombstones
                        let newest = runs?.newest(from: BorrowedBytes.empty, upTo: nil) ?? .zero
                        if newest.rawValue < now { wrong.add(1, ordering: .relaxed) }
                    }
                })
        }
        for timestamp in 1...count {
            let key = UInt8(timestamp & 15)
            memtable.insert(Self.range([key], [key + 1], timestamp))
            published.store(timestamp, ordering: .releasing)
        }
        isDone.store(true, ordering: .releasing)
        for thread in threads { thread.join() }
        #expect(wrong.load(ordering: .relaxed) == 0)
    }
}
