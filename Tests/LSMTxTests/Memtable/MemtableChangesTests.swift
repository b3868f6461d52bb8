import LSMTxSimulation
import LSMTxTestSupport
import Synchronization
import Testing

@testable import LSMTx

/// What a memtable says about what was changed since when, against everything that was inserted, in order.
@Suite struct MemtableChangesTests {
    private struct Change: Equatable {
        var key: [UInt8]
        var timestamp: UInt64
    }

    /// Everything inserted, the oldest first.
    private struct History {
        var changes: [Change] = []
        var deletions: [RangeTombstone] = []

        func changes(after floor: UInt64) -> [Change] { changes.reversed().filter { $0.timestamp > floor } }

        /// The newest change in the range.
        func newest(from lower: [UInt8], upTo upper: [UInt8]?) -> UInt64 {
            let key = changes.last { Self.isInside($0.key, lower, upper) }?.timestamp ?? 0
            let deletion = deletions.last { deletion in
                // Two ranges meet when each begins before the other ends.
                let beginsBefore = upper.map { deletion.lower.lexicographicallyPrecedes($0) } ?? true
                let endsAfter = deletion.upper.map { lower.lexicographicallyPrecedes($0) } ?? true
                return beginsBefore && endsAfter
            }
            return max(key, deletion?.timestamp.rawValue ?? 0)
        }

        private static func isInside(_ key: [UInt8], _ lower: [UInt8], _ upper: [UInt8]?) -> Bool {
            !key.lexicographicallyPrecedes(lower) && upper.map { key.lexicographicallyPrecedes($0) } ?? true
        }
    }

    /// Every bound that can make a difference to keys of up to two bytes out of three.
    private static let alphabet: [UInt8] = [0, 1, 0xff]
    private static let bounds: [[UInt8]] =
        [[]] + alphabet.map { [$0] } + alphabet.flatMap { first in alphabet.map { [first, $0] } }
        + [[0, 0, 0], [1, 0xff, 0], [0xff, 0xff, 0]]

    #if DEBUG
    private static let seeds: ClosedRange<UInt64> = 1...6
    private static let sizes = [3, 20, 60]
    #else
    private static let seeds: ClosedRange<UInt64> = 1...20
    private static let sizes = [3, 20, 60, 150, 400]
    #endif

    @Test(arguments: seeds, sizes)
    func everyFloorAndRangeIsAnsweredLikeTheModel(seed: UInt64, size: Int) throws {
        var random = SeededGenerator(seed: seed)
        let memtable = try Memtable(capacity: 2 << 20)
        var history = History()
        var timestamp: UInt64 = 0
        for step in 0..<size {
            if Int.random(in: 0..<3, using: &random) != 0 { timestamp += UInt64.random(in: 1...3, using: &random) }
            timestamp = max(timestamp, 1)
            if Int.random(in: 0..<15, using: &random) == 0 {
                let deletion = Self.deletion(at: timestamp, using: &random)
                memtable.insert(deletion)
                history.deletions.append(deletion)
            } else {
                let key = Self.bounds.dropLast(3).randomElement(using: &random)!
                memtable.insert(key, at: timestamp, step % 4 == 0 ? nil : [UInt8](repeating: 7, count: step % 30))
                history.changes.append(Change(key: key, timestamp: timestamp))
            }
            if Int.random(in: 0..<10, using: &random) == 0 { _ = memtable.cursor(at: .max) }
        }
        let place: Comment = "seed \(seed), \(size) inserts"
        #expect(memtable.newestRangeTombstone == history.deletions.last?.timestamp ?? .zero, place)
        for floor in 0...timestamp + 1 {
            #expect(Self.walk(memtable, after: floor) == history.changes(after: floor), place)
        }
        check(memtable, history, floors: 0...timestamp + 1, place)
        _ = memtable.cursor(at: .max)
        check(memtable, history, floors: 0...timestamp + 1, place)
    }

    private func check(_ memtable: Memtable, _ history: History, floors: ClosedRange<UInt64>, _ place: Comment) {
        for lower in Self.bounds {
            for upper in Self.bounds.map(Optional.some) + [nil] {
                if let upper, !lower.lexicographicallyPrecedes(upper) { continue }
                let newest = history.newest(from: lower, upTo: upper)
                let known = memtable.keyCountBound(from: lower, upTo: upper)
                let keys = Set(history.changes.map(\.key)).count { key in
                    !key.lexicographicallyPrecedes(lower) && upper.map { key.lexicographicallyPrecedes($0) } ?? true
                }
                #expect(known <= keys && keys <= known + memtable.unsortedKeyCount, place)
                // What the answer is does not change between two timestamps, except around the newest.
                for floor in [0, newest / 2, newest == 0 ? 0 : newest - 1, newest, floors.upperBound] {
                    let found = memtable.newestTimestamp(from: lower, upTo: upper, after: floor)
                    #expect(
                        found == (newest > floor ? newest : nil), "\(place): \(lower) to \(upper ?? []) after \(floor)")
                }
            }
        }
    }

    private static func deletion(at timestamp: UInt64, using random: inout SeededGenerator) -> RangeTombstone {
        while true {
            let lower = bounds.randomElement(using: &random)!
            let upper = Bool.random(using: &random) ? bounds.randomElement(using: &random)! : nil
            if let upper, !lower.lexicographicallyPrecedes(upper) { continue }
            return RangeTombstone(lower: lower, upper: upper, timestamp: Timestamp(rawValue: timestamp))
        }
    }

    private static func walk(_ memtable: Memtable, after floor: UInt64) -> [Change] {
        var changes = memtable.changes(after: Timestamp(rawValue: floor))
        var seen: [Change] = []
        while let change = changes.next() {
            seen.append(Change(key: change.key.array, timestamp: change.timestamp.rawValue))
        }
        if changes.next() != nil { seen.append(Change(key: [], timestamp: 0)) }
        return seen
    }

    /// So many changes elsewhere, and so many keys in the range, that each of the three ways to an answer is taken.
    @Test(arguments: [0, 50, 100, 1_000, 3_000], [0, 10, 200, 2_000])
    func theNewestChangeOfARangeIsFoundAmongAnyNumberOfOthers(others: Int, inside: Int) throws {
        func key(_ first: UInt8, _ number: Int) -> [UInt8] { [first, UInt8(number >> 8), UInt8(number & 255)] }
        for isSorted in [true, false] {
            let memtable = try Memtable(capacity: 4 << 20)
            var timestamp: UInt64 = 0
            for number in 0..<inside {
                timestamp += 1
                memtable.insert(key(5, number * 7 % max(inside, 1)), at: timestamp, [])
            }
            let newest = timestamp
            if isSorted { _ = memtable.cursor(at: .max) }
            for number in 0..<others {
                timestamp += 1
                memtable.insert(key(number % 2 == 0 ? 4 : 6, number % 500), at: timestamp, [])
            }
            for floor in [0, newest / 2, newest, timestamp] {
                #expect(
                    memtable.newestTimestamp(from: [5], upTo: [6], after: floor) == (newest > floor ? newest : nil),
                    "sorted: \(isSorted), after \(floor)")
            }
        }
    }

    @Test func aMemtableWithoutVersionsHasNoChanges() throws {
        let memtable = try Memtable(capacity: 64 << 10)
        #expect(Self.walk(memtable, after: 0).isEmpty && memtable.newestRangeTombstone == .zero)
        #expect(memtable.keyCountBound(from: [], upTo: nil) == 0)
        memtable.insert(RangeTombstone(lower: [1], upper: [2], timestamp: Timestamp(rawValue: 9)))
        #expect(Self.walk(memtable, after: 0).isEmpty && memtable.newestRangeTombstone.rawValue == 9)
    }

    #if DEBUG
    private static let commits: UInt64 = 3_000
    #else
    private static let commits: UInt64 = 20_000
    #endif

    /// One thread commits, as the leader does, others look at what was changed since some time before: they see
    /// everything up to what was published, newest first.
    @Test func readersSeeEveryPublishedChangeWhileMoreCome() throws {
        let commits = Self.commits
        let memtable = try Memtable(capacity: 8 << 20)
        let published = Atomic<UInt64>(0)
        let wrong = Atomic<Int>(0)
        // Commit n writes a key of its own, and one of sixteen that are written again and again.
        @Sendable func own(_ commit: UInt64) -> [UInt8] { [1, UInt8(commit >> 8 & 255), UInt8(commit & 255)] }
        @Sendable func shared(_ commit: UInt64) -> [UInt8] { [2, UInt8(commit & 15)] }
        var threads: [WorkerThread] = []
        for seed in 1...3 as ClosedRange<UInt64> {
            threads.append(
                try WorkerThread(name: "test-read") {
                    var random = SeededGenerator(seed: seed)
                    while true {
                        let now = published.load(ordering: .acquiring)
                        let floor = now - UInt64.random(in: 0...min(now, 200), using: &random)
                        let seen = Self.walk(memtable, after: floor)
                        let known = seen.drop { $0.timestamp > now }
                        let expected = (floor..<now).reversed().flatMap { commit in
                            [shared(commit + 1), own(commit + 1)].map { Change(key: $0, timestamp: commit + 1) }
                        }
                        let isDescending = zip(seen, seen.dropFirst()).allSatisfy { $0.timestamp >= $1.timestamp }
                        if Array(known) != expected || !isDescending { wrong.add(1, ordering: .relaxed) }
                        let newest = memtable.newestTimestamp(from: [2], upTo: nil, after: floor) ?? floor
                        if newest < now { wrong.add(1, ordering: .relaxed) }
                        if now == commits { return }
                    }
                })
        }
        for commit in 1...commits {
            memtable.insert(own(commit), at: commit, own(commit))
            memtable.insert(shared(commit), at: commit, [])
            published.store(commit, ordering: .releasing)
        }
        for thread in threads { thread.join() }
        #expect(wrong.load(ordering: .relaxed) == 0)
    }

    /// Threads race to be the first with each key, beside one that walks: every insert is a change of its key.
    @Test func racingInsertersLoseNoChange() throws {
        let keyCount = 1_500
        let threadCount = 3
        let space = Memtable.spaceNeeded(keyBytes: 2, valueBytes: 0)
        let memtable = try Memtable(capacity: keyCount * threadCount * space)
        let isDone = Atomic<Bool>(false)
        let wrong = Atomic<Int>(0)
        func key(_ number: Int) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 255)] }
        let reader = try WorkerThread(name: "test-read") {
            while !isDone.load(ordering: .acquiring) {
                let seen = Self.walk(memtable, after: 0)
                let isWhole = seen.allSatisfy { $0.key.count == 2 && $0.timestamp == 1 }
                if !isWhole { wrong.add(1, ordering: .relaxed) }
                _ = memtable.cursor(at: .max)
            }
        }
        let writers = try (0..<threadCount).map { _ in
            try WorkerThread(name: "test-write") {
                for number in 0..<keyCount {
                    memtable.insert([UInt8(number >> 8), UInt8(number & 255)], at: 1, [])
                }
            }
        }
        for writer in writers { writer.join() }
        isDone.store(true, ordering: .releasing)
        reader.join()
        #expect(wrong.load(ordering: .relaxed) == 0)
        let keys = Self.walk(memtable, after: 0).map(\.key)
        let expected = (0..<keyCount).flatMap { Array(repeating: key($0), count: threadCount) }
        #expect(keys.sorted { $0.lexicographicallyPrecedes($1) } == expected)
        #expect(memtable.items(at: 1).count == keyCount && memtable.unsortedKeyCount == 0)
    }

    /// The list of changes is full before the bytes are, when all are updates of a few keys without values.
    @Test func manySmallUpdatesFillTheMemtableNoFurtherThanItSays() throws {
        let memtable = try Memtable(capacity: 64 << 10)
        let space = Memtable.spaceNeeded(keyBytes: 1, valueBytes: 0)
        var count: UInt64 = 0
        while memtable.hasRoom(bytes: space, entries: 1) {
            count += 1
            memtable.insert([UInt8(count % 3)], at: count, nil)
        }
        #expect(count >= 64 << 10 / UInt64(space))
        #expect(Self.walk(memtable, after: 0).map(\.timestamp) == (1...count).reversed())
    }
}

extension Memtable {
    fileprivate func newestTimestamp(from lower: [UInt8], upTo upper: [UInt8]?, after floor: UInt64) -> UInt64? {
        lower.withBorrowed { low in
            let floor = Timestamp(rawValue: floor)
            guard let upper else { return newestTimestamp(from: low, upTo: nil, after: floor) }
            return upper.withBorrowed { newestTimestamp(from: low, upTo: $0, after: floor) }
        }?.rawValue
    }

    fileprivate func keyCountBound(from lower: [UInt8], upTo upper: [UInt8]?) -> Int {
        lower.withBorrowed { low in
            guard let upper else { return keyCountBound(from: low, upTo: nil) }
            return upper.withBorrowed { keyCountBound(from: low, upTo: $0) }
        }
    }
}
