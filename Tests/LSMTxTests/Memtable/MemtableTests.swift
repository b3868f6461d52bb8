import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

@Suite struct MemtableTests {
    struct Case: CustomTestStringConvertible {
        let shape: MemtableKeyShape
        let seed: UInt64
        var testDescription: String { "\(shape), seed \(seed)" }
    }

    #if DEBUG
    private static let seeds: ClosedRange<UInt64> = 1...3
    private static let steps = 800
    #else
    private static let seeds: ClosedRange<UInt64> = 1...6
    private static let steps = 4_000
    #endif

    static let cases = MemtableKeyShape.allCases.flatMap { shape in seeds.map { Case(shape: shape, seed: $0) } }

    /// Inserts, lookups and walks in random order against the model.
    @Test(arguments: cases)
    func answersLikeTheModel(_ test: Case) throws {
        var random = SeededGenerator(seed: test.seed)
        let memtable = try Memtable(capacity: 2_000_000, entries: Self.steps)
        var model = MemtableModel()
        var timestamp: UInt64 = 1
        let place: Comment = "\(test.testDescription)"
        for step in 0..<Self.steps {
            if Int.random(in: 0..<4, using: &random) != 0 { timestamp += 1 }
            let key = test.shape.key(using: &random)
            let isTombstone = Int.random(in: 0..<5, using: &random) == 0
            let value = isTombstone ? nil : Array("\(step)".utf8.prefix(Int.random(in: 0...6, using: &random)))
            memtable.insert(key, at: timestamp, value)
            model.insert(key, .init(timestamp: timestamp, value: value))

            let probe = test.shape.key(using: &random)
            let at = UInt64.random(in: 0...timestamp, using: &random)
            #expect(memtable.find(probe, at: at) == model.find(probe, at: at), place)
            #expect(memtable.newestTimestamp(of: probe) == model.versions[probe]?.last?.timestamp, place)
            if Int.random(in: 0..<Self.steps / 20, using: &random) == 0 {
                #expect(memtable.items(at: at) == model.items(at: at), place)
                #expect(memtable.items(at: timestamp, reverse: true) == model.items(at: timestamp).reversed(), place)
                #expect(memtable.unsortedKeyCount == 0)
                wander(memtable, model.items(at: at), at, test.shape, &random, place)
            }
        }
        #expect(memtable.keyCount == model.versions.count)
        #expect(memtable.entryCount == Self.steps)
        #expect(memtable.timestampBound.rawValue >= timestamp && memtable.timestampBound.rawValue < timestamp + 64)
        memtable.freeze()
        #expect(memtable.allItems == model.allItems, place)
        #expect(memtable.runCount == 1)
        #expect(memtable.items(at: timestamp / 2) == model.items(at: timestamp / 2), place)
    }

    /// Steps a cursor both ways and seeks with it, beside an index into the model's items.
    private func wander(
        _ memtable: Memtable, _ items: [MemtableModel.Item], _ timestamp: UInt64, _ shape: MemtableKeyShape,
        _ random: inout SeededGenerator, _ place: Comment
    ) {
        var cursor = memtable.cursor(at: timestamp)
        let isPlaced = cursor.isValid
        #expect(!isPlaced)
        var index = items.endIndex
        for _ in 0..<200 {
            switch Int.random(in: 0..<12, using: &random) {
            case 0:
                let target = shape.key(using: &random)
                cursor.seek(to: target)
                index = items.firstIndex { !$0.key.lexicographicallyPrecedes(target) } ?? items.endIndex
            case 1:
                let target = shape.key(using: &random)
                cursor.seekBackward(before: target)
                index = items.lastIndex { $0.key.lexicographicallyPrecedes(target) } ?? items.endIndex
            case 2 where Bool.random(using: &random):
                cursor.seekToFirst()
                index = items.startIndex
            case 2:
                cursor.seekToLast()
                index = items.isEmpty ? 0 : items.endIndex - 1
            case 3..<8 where items.indices.contains(index):
                cursor.next()
                index += 1
            case 8... where items.indices.contains(index):
                cursor.previous()
                index = index == 0 ? items.endIndex : index - 1
            default:
                break
            }
            let valid = cursor.isValid
            #expect(valid == items.indices.contains(index), place)
            guard valid, items.indices.contains(index) else { continue }
            let item = cursor.item
            #expect(item == items[index], place)
        }
    }

    @Test func anEmptyMemtableHasNothing() throws {
        let memtable = try Memtable(capacity: 0)
        #expect(memtable.isEmpty && !memtable.hasRoom(bytes: 8, entries: 1))
        #expect(memtable.find([], at: .max) == nil)
        #expect(memtable.items(at: .max).isEmpty && memtable.items(at: .max, reverse: true).isEmpty)
        var cursor = memtable.cursor(at: 0)
        cursor.seek(to: [])
        let isPlaced = cursor.isValid
        #expect(!isPlaced)
        #expect(memtable.smallestTimestamp == .max && memtable.timestampBound == .zero)
        memtable.freeze()
        #expect(memtable.allItems.isEmpty)
    }

    @Test func theLaterOfTwoOperationsOfOneCommitIsTheOnlyOneSeen() throws {
        let memtable = try Memtable(capacity: 4096)
        memtable.insert([1], at: 5, [1])
        memtable.insert([1], at: 7, [2])
        memtable.insert([1], at: 7, nil)
        memtable.insert([1], at: 7, [3])
        memtable.insert([1], at: 8, [4])
        memtable.insert([1], at: 8, nil)
        #expect(memtable.find([1], at: 4) == nil)
        #expect(memtable.find([1], at: 6) == .init(timestamp: 5, value: [1]))
        #expect(memtable.find([1], at: 7) == .init(timestamp: 7, value: [3]))
        #expect(memtable.find([1], at: 9) == .init(timestamp: 8, value: nil))
        #expect(memtable.items(at: 7) == [.init(key: [1], version: .init(timestamp: 7, value: [3]))])
        #expect(memtable.entryCount == 6 && memtable.keyCount == 1)
        #expect(memtable.smallestTimestamp.rawValue == 5 && memtable.timestampBound.rawValue == 63)
        memtable.freeze()
        #expect(memtable.allItems.map(\.version.timestamp) == [8, 7, 5])
        #expect(memtable.allItems.map(\.version.value) == [nil, [3], [1]])
    }

    @Test func emptyAndLongestKeysAndValuesComeBack() throws {
        let memtable = try Memtable(capacity: 2_000_000)
        let longest = [UInt8](repeating: 0xff, count: Limits.maximumKeyBytes)
        let other = [UInt8](repeating: 0xff, count: Limits.maximumKeyBytes - 1)
        let almost = other + [0xfe]
        let value = [UInt8](repeating: 7, count: 300_000)
        for (place, key) in [longest, [], almost, [0], other].enumerated() {
            memtable.insert(key, at: UInt64(place + 1), place == 1 ? [] : value)
        }
        #expect(memtable.items(at: .max).map(\.key) == [[], [0], other, almost, longest])
        #expect(memtable.find([], at: 2) == .init(timestamp: 2, value: []))
        #expect(memtable.find(longest, at: 2) == .init(timestamp: 1, value: value))
        var cursor = memtable.cursor(at: .max)
        cursor.seekBackward(before: longest)
        #expect([cursor.key.array] == [almost])
        cursor.seek(to: almost)
        #expect([cursor.key.array] == [almost])
    }

    /// Hostile to the sort: each key is a prefix of the next, and every slice of each is equal to the next key's.
    @Test func manyKeysThatArePrefixesOfEachOtherAreSorted() throws {
        var generator = SeededGenerator(seed: 99)
        let memtable = try Memtable(capacity: 6 << 20)
        let lengths = Array(0..<1_500).shuffled(using: &generator)
        for length in lengths { memtable.insert([UInt8](repeating: 0, count: length), at: 1, []) }
        var cursor = memtable.cursor(at: 1)
        cursor.seekToFirst()
        for length in 0..<1_500 {
            let count = cursor.key.count
            #expect(count == length)
            cursor.next()
        }
        let isAtEnd = !cursor.isValid
        #expect(isAtEnd)
    }

    @Test(arguments: MemtableKeyShape.allCases, [1, 2, 30, 700, 3_000])
    func oneSortOrdersAnyNumberOfKeys(shape: MemtableKeyShape, count: Int) throws {
        var generator = SeededGenerator(seed: 99)
        let memtable = try Memtable(capacity: 4 << 20)
        var keys: Set<[UInt8]> = []
        for _ in 0..<count {
            let key = shape.key(using: &generator)
            keys.insert(key)
            memtable.insert(key, at: 1, key)
        }
        #expect(memtable.items(at: 1).map(\.key) == keys.sorted { $0.lexicographicallyPrecedes($1) })
        #expect(memtable.runCount == 1)
    }

    /// Each run has a common prefix of its own, to which the walk over all of them must adapt.
    @Test(arguments: seeds)
    func runsOfDifferentPrefixesAreWalkedAsOne(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let memtable = try Memtable(capacity: 4 << 20)
        var model = MemtableModel()
        let stem = (0..<30).map { _ in UInt8.random(in: 0...1, using: &random) }
        for (batch, size) in [2_500, 150, 8].enumerated() {
            let prefix = stem.prefix([Int.random(in: 0...30, using: &random), 12, 17][batch])
            for number in 0..<size {
                let key = prefix + [UInt8(batch)] + withUnsafeBytes(of: number.bigEndian) { [UInt8]($0.dropFirst(5)) }
                let short = Array(key.prefix(Int.random(in: prefix.count...key.count, using: &random)))
                let timestamp = UInt64(batch + 1)
                for key in [Array(key), short] where model.versions[key] == nil {
                    memtable.insert(key, at: timestamp, [])
                    model.insert(key, .init(timestamp: timestamp, value: []))
                }
            }
            _ = memtable.cursor(at: .max)
        }
        #expect(memtable.runCount == 3)
        for timestamp in 1...3 as ClosedRange<UInt64> {
            let items = model.items(at: timestamp)
            #expect(memtable.items(at: timestamp) == items, "seed \(seed)")
            #expect(memtable.items(at: timestamp, reverse: true) == items.reversed(), "seed \(seed)")
            wander(memtable, items, timestamp, .tiny, &random, "seed \(seed)")
            var cursor = memtable.cursor(at: timestamp)
            for _ in 0..<50 {
                let index = Int.random(in: items.indices, using: &random)
                cursor.seek(to: items[index].key)
                #expect([cursor.key.array] == [items[index].key], "seed \(seed)")
                if index == 0 { continue }
                cursor.previous()
                #expect([cursor.key.array] == [items[index - 1].key], "seed \(seed)")
                cursor.next()
                #expect([cursor.key.array] == [items[index].key], "seed \(seed)")
                cursor.seekBackward(before: items[index].key)
                #expect([cursor.key.array] == [items[index - 1].key], "seed \(seed)")
            }
        }
        memtable.freeze()
        #expect(memtable.allItems == model.allItems, "seed \(seed)")
    }

    @Test func insertingIntoAFrozenMemtableIsStopped() async {
        await #expect(processExitsWith: .failure) {
            let memtable = try Memtable(capacity: 4096)
            memtable.freeze()
            memtable.insert([1], at: 1, [])
        }
    }

    @Test func insertingBeyondTheCapacityIsStopped() async {
        await #expect(processExitsWith: .failure) {
            let memtable = try Memtable(capacity: 4096)
            memtable.insert([1], at: 1, [UInt8](repeating: 0, count: 4096))
        }
    }

    @Test func aScanKeepsWhatItBeganWith() throws {
        let memtable = try Memtable(capacity: 4 << 20)
        for key in 0..<100 as Range<UInt8> { memtable.insert([key, 0], at: UInt64(key) + 1, [key]) }
        var cursor = memtable.cursor(at: 100)
        cursor.seekToFirst()
        var seen: [[UInt8]] = []
        while cursor.isValid {
            seen.append(cursor.key.array)
            memtable.insert([cursor.key.array[0], 1], at: 101, [])
            memtable.insert(cursor.key.array, at: 101, [])
            _ = memtable.cursor(at: .max)
            cursor.next()
        }
        #expect(seen == (0..<100).map { [$0, 0] })
        #expect(memtable.items(at: 101).count == 200)
    }

    @Test func manySmallScansLeaveFewRuns() throws {
        var generator = SeededGenerator(seed: 99)
        let memtable = try Memtable(capacity: 4 << 20)
        var most = 0
        for step in 0..<8_000 {
            memtable.insert(MemtableKeyShape.random.key(using: &generator), at: 1, [])
            if step % 7 == 0 {
                _ = memtable.cursor(at: .max)
                most = max(most, memtable.runCount)
            }
        }
        #expect(most <= 6)
    }

    @Test func roomEndsWithTheBytesOrTheEntriesAndWhatFitsIsAccepted() throws {
        let space = Memtable.spaceNeeded(keyBytes: 4, valueBytes: 100)
        let memtable = try Memtable(capacity: 100 * space)
        var count = 0
        while memtable.hasRoom(bytes: space, entries: 1) {
            memtable.insert(
                (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }, at: 1, .init(repeating: 1, count: 100))
            count += 1
        }
        #expect(count == 100 && memtable.usedBytes == memtable.capacity)

        let small = Memtable.spaceNeeded(keyBytes: 4, valueBytes: 0)
        let many = try Memtable(capacity: 1_000 * small, entries: 1_000)
        #expect(many.hasRoom(bytes: 1_000 * small, entries: 1_000))
        for count in 0..<1_000 { many.insert((0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }, at: 1, []) }
        #expect(many.usedBytes == many.capacity && many.keyCount == 1_000)
        #expect(!many.hasRoom(bytes: 8, entries: 1))

        let crowded = try Memtable(capacity: 1 << 16)
        #expect(crowded.hasRoom(bytes: 1 << 16, entries: 768))
        #expect(!crowded.hasRoom(bytes: 1 << 16, entries: 769))
    }

    @Test func largeAndImpossibleCapacities() throws {
        let large = try Memtable(capacity: 2 << 30)
        large.insert([1], at: 1, [UInt8](repeating: 1, count: 1 << 20))
        #expect(large.items(at: 1).count == 1)
        #expect(throws: StoreError.self) { try Memtable(capacity: 1 << 50) }
        #expect(throws: StoreError.self) { try Memtable(capacity: -1) }
        #expect(throws: StoreError.self) { try Memtable(capacity: 1024, entries: 1024) }
    }
}
