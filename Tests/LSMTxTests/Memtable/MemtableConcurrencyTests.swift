import Foundation
import LSMTxSimulation
import Synchronization
import Testing

@testable import LSMTx

/// Threads that insert, look up and scan at once. What a reader at a published timestamp must see follows from the
/// timestamp alone, so that every answer is checked without a model.
@Suite struct MemtableConcurrencyTests {
    #if DEBUG
    private static let commits: UInt64 = 2_500
    #else
    private static let commits: UInt64 = 10_000
    #endif

    /// Commits are numbered from 1. Commit n writes key n, and key n / 2 again if that is odd, each in two versions
    /// of which the first must never be seen.
    private final class Workload: Sendable {
        let memtable: Memtable
        let next = Atomic<UInt64>(1)
        let published = Atomic<UInt64>(0)
        let commits: UInt64

        init(commits: UInt64) throws {
            self.commits = commits
            memtable = try Memtable(capacity: Int(commits) * 4 * Memtable.spaceNeeded(keyBytes: 9, valueBytes: 9))
        }

        static func key(_ number: UInt64) -> [UInt8] {
            // Scattered, so that neighbours in time are far apart in order; of different lengths.
            let scattered = number &* 0x9E37_79B9_7F4A_7C15
            let bytes = withUnsafeBytes(of: scattered.bigEndian) { [UInt8]($0) }
            return number % 3 == 0 ? bytes + [1] : bytes
        }

        static func value(_ commit: UInt64) -> [UInt8] { withUnsafeBytes(of: commit) { [UInt8]($0) } }

        /// The commits that wrote key `number`, as seen at `timestamp`: the newest of them.
        static func newestCommit(ofKey number: UInt64, at timestamp: UInt64) -> UInt64? {
            if number > timestamp { return nil }
            if number % 2 == 0 { return number }
            return min(2 * number + 1, timestamp) >= 2 * number ? min(2 * number + 1, timestamp) : number
        }

        /// Takes commits and publishes them in order, as the commit pipeline does.
        func write() {
            while true {
                let commit = next.wrappingAdd(1, ordering: .relaxed).oldValue
                if commit > commits { return }
                var keys = [commit]
                if commit / 2 % 2 == 1, commit > 1 {
                    keys.append(commit / 2)
                    // A key's versions come in order: commit / 2 and commit - 1 must have been inserted.
                    while published.load(ordering: .acquiring) < commit - 1 { sched_yield() }
                }
                for key in keys {
                    memtable.insert(Self.key(key), at: commit, [0xbb])
                    memtable.insert(Self.key(key), at: commit, Self.value(commit))
                }
                while published.load(ordering: .acquiring) < commit - 1 { sched_yield() }
                published.store(commit, ordering: .releasing)
            }
        }

        var timestamp: UInt64 { published.load(ordering: .acquiring) }

        func lookUp(seed: UInt64, _ complain: (String) -> Void) {
            var random = SeededGenerator(seed: seed)
            while timestamp < commits {
                let at = UInt64.random(in: 0...timestamp, using: &random)
                let number = UInt64.random(in: 1...commits, using: &random)
                let expected = Self.newestCommit(ofKey: number, at: at).map {
                    MemtableModel.Version(timestamp: $0, value: Self.value($0))
                }
                let found = memtable.find(Self.key(number), at: at)
                if found != expected { complain("key \(number) at \(at): \(String(describing: found))") }
            }
        }

        func scan(seed: UInt64, reverse: Bool, _ complain: (String) -> Void) {
            var random = SeededGenerator(seed: seed)
            while true {
                let newest = timestamp
                let at = Bool.random(using: &random) ? newest : UInt64.random(in: 0...newest, using: &random)
                let items = memtable.items(at: at, reverse: reverse)
                // All keys are different and ascend, so that the right number of keys is the right keys.
                if items.count != Int(at) { complain("\(items.count) keys at \(at)") }
                for (item, after) in zip(items, items.dropFirst())
                where item.key.lexicographicallyPrecedes(after.key) == reverse {
                    complain("order at \(at)")
                }
                for item in items where item.version.value != Self.value(item.version.timestamp) {
                    complain("value of \(item.version.timestamp) at \(at)")
                }
                if newest == commits { return }
            }
        }
    }

    private static func run(_ bodies: [@Sendable () -> Void]) {
        let threads = bodies.map { body in
            let done = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                body()
                done.signal()
            }
            return done
        }
        for thread in threads { thread.wait() }
    }

    @Test(arguments: [1, 2] as [UInt64])
    func readersAtAPublishedTimestampSeeAllOfItWhateverOthersDo(seed: UInt64) throws {
        let workload = try Workload(commits: Self.commits)
        let complaints = Guarded([String]())
        let complain: @Sendable (String) -> Void = { text in complaints.withLock { $0.append(text) } }
        Self.run([
            { workload.write() },
            { workload.write() },
            { workload.lookUp(seed: seed, complain) },
            { workload.scan(seed: seed + 100, reverse: false, complain) },
            { workload.scan(seed: seed + 200, reverse: true, complain) },
        ])
        let seen = complaints.withLock { $0 }
        #expect(seen.isEmpty, "seed \(seed): \(seen.prefix(5))")
        #expect(workload.memtable.keyCount == Int(Self.commits))
        workload.memtable.freeze()
        let again = (1...Self.commits).count { $0 / 2 % 2 == 1 && $0 > 1 }
        #expect(workload.memtable.allItems.count == Int(Self.commits) + again)
    }

    /// Threads race to be the first with each key; one wins the slot, the others' nodes become versions.
    @Test func racingInsertersOfTheSameKeysLoseNothing() throws {
        let keyCount: UInt64 = 3_000
        let threadCount: UInt64 = 4
        let space = Memtable.spaceNeeded(keyBytes: 9, valueBytes: 8)
        let memtable = try Memtable(capacity: Int(keyCount * threadCount) * space)
        Self.run(
            (0..<threadCount).map { thread in
                {
                    for number in 1...keyCount {
                        memtable.insert(Workload.key(number), at: 1, Workload.value(thread))
                    }
                }
            })
        #expect(memtable.keyCount == Int(keyCount))
        #expect(memtable.entryCount == Int(keyCount * threadCount))
        #expect(memtable.items(at: 1).count == Int(keyCount))
        #expect(memtable.usedBytes <= memtable.capacity)
        memtable.freeze()
        #expect(memtable.allItems.count == Int(keyCount))
    }
}
