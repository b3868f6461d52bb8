import LSMTx
import Testing

/// Every interleaving of a few groups, with syncs and a failure anywhere, against the rules said plainly.
@Suite struct GroupLedgerTests {
    #if DEBUG
    private static let groups = 4
    #else
    private static let groups = 5
    #endif

    /// What is true of a group, whatever the ledger thinks.
    private struct Truth: Hashable {
        var isDurable: Bool
        /// Its write makes it durable.
        var writesDurably: Bool
        var isWritten = false
        var isOnMedium = false
        var isOut = false
    }

    /// A sync under way: what it covers, and what the ledger was asked for when it began.
    private struct Sync: Hashable {
        let covered: [Int]
        let target: UInt64
    }

    private struct World: Hashable {
        var truths: [Truth] = []
        var syncs: [Sync] = []
        var hasFailed = false
        var durableEnd: UInt64 = 0
        var writtenEnd: UInt64 = 0
        var mayWriteDurably = true

        var allOut: Bool { truths.allSatisfy { $0.isOut } }
        func allWritten(upTo group: Int) -> Bool { truths[...group].allSatisfy { $0.isWritten } }
        func allOnMedium(upTo group: Int) -> Bool { truths[...group].allSatisfy { $0.isOnMedium } }
    }

    private final class Search {
        var seen: Set<World> = []
        var published = 0
    }

    private static func end(_ group: Int) -> LogSequenceNumber { LogSequenceNumber(rawValue: UInt64(group + 1) * 10) }

    @Test func everyInterleavingKeepsTheRules() throws {
        let search = Search()
        try explore(GroupLedger(end: .zero), World(), search)
        #expect(search.seen.count > 2_000)
        #expect(search.published > 2_000)
    }

    private func explore(_ ledger: GroupLedger, _ world: World, _ search: Search) throws {
        var ledger = ledger
        var world = world
        try takeOutcomes(&ledger, &world, search)
        world.durableEnd = ledger.durableEnd.rawValue
        world.writtenEnd = ledger.writtenEnd.rawValue
        world.mayWriteDurably = ledger.mayWriteDurably
        guard search.seen.insert(world).inserted else { return }
        checkEnds(ledger, world)

        // A write that is not durable by itself returns before the next group opens.
        let mayOpen = world.truths.last.map { $0.isWritten || $0.writesDurably } ?? true
        if mayOpen, !world.hasFailed, world.truths.count < Self.groups, !ledger.isFull {
            for isDurable in [false, true] {
                for writesDurably in isDurable && ledger.mayWriteDurably ? [false, true] : [false] {
                    var (nextLedger, nextWorld) = (ledger, world)
                    let group = world.truths.count
                    nextWorld.truths.append(Truth(isDurable: isDurable, writesDurably: writesDurably))
                    nextLedger.open(
                        tag: UInt(group), lastTimestamp: Timestamp(rawValue: UInt64(group + 1)), end: Self.end(group),
                        isDurable: isDurable)
                    try explore(nextLedger, nextWorld, search)
                }
            }
        }
        for group in world.truths.indices where !world.truths[group].isWritten {
            var (nextLedger, nextWorld) = (ledger, world)
            nextWorld.truths[group].isWritten = true
            if world.truths[group].writesDurably { nextWorld.truths[group].isOnMedium = true }
            nextLedger.written(tag: UInt(group), durably: world.truths[group].writesDurably)
            try explore(nextLedger, nextWorld, search)
        }
        if world.syncs.count < 2, !world.hasFailed, ledger.syncTarget > ledger.durableEnd {
            var nextWorld = world
            nextWorld.syncs.append(
                Sync(
                    covered: world.truths.indices.filter { world.truths[$0].isWritten },
                    target: ledger.syncTarget.rawValue))
            try explore(ledger, nextWorld, search)
        }
        for index in world.syncs.indices {
            var (nextLedger, nextWorld) = (ledger, world)
            let sync = nextWorld.syncs.remove(at: index)
            for group in sync.covered { nextWorld.truths[group].isOnMedium = true }
            nextLedger.synced(upTo: LogSequenceNumber(rawValue: sync.target))
            try explore(nextLedger, nextWorld, search)
        }
        if !world.hasFailed, !world.truths.isEmpty {
            var (nextLedger, nextWorld) = (ledger, world)
            nextLedger.fail()
            nextWorld.hasFailed = true
            try explore(nextLedger, nextWorld, search)
        }
    }

    /// Takes what leaves the ledger, and holds it against the rules.
    private func takeOutcomes(_ ledger: inout GroupLedger, _ world: inout World, _ search: Search) throws {
        while let outcome = ledger.next() {
            let next = try #require(world.truths.firstIndex { !$0.isOut })
            switch outcome {
            case .published(let group):
                #expect(Int(group.tag) == next, "groups leave in order")
                #expect(!world.hasFailed, "nothing is published after a failure")
                #expect(world.allWritten(upTo: next), "\(world)")
                if world.truths[next].isDurable {
                    #expect(world.allOnMedium(upTo: next), "\(world)")
                }
                search.published += 1
            case .failed(let group):
                #expect(Int(group.tag) == next && world.hasFailed)
            }
            world.truths[next].isOut = true
        }
        // Nothing that must leave stays.
        if world.hasFailed {
            #expect(world.allOut && ledger.isEmpty)
        } else if world.syncs.isEmpty, world.truths.allSatisfy(\.isWritten),
            ledger.durableEnd == ledger.syncTarget
        {
            #expect(world.allOut && ledger.isEmpty, "\(world)")
        }
        if let next = world.truths.firstIndex(where: { !$0.isOut }), world.truths[next].isWritten {
            #expect(world.truths[next].isDurable, "a written buffered group waits for nothing of its own: \(world)")
        }
    }

    private func checkEnds(_ ledger: GroupLedger, _ world: World) {
        for (group, truth) in world.truths.enumerated() {
            if Self.end(group) <= ledger.durableEnd { #expect(truth.isOnMedium, "\(world)") }
            if Self.end(group) <= ledger.writtenEnd { #expect(truth.isWritten, "\(world)") }
        }
        guard ledger.mayWriteDurably, !world.hasFailed else { return }
        // A durable write by itself may be relied on: what lies before it is durable, or keeps it from leaving.
        let needed = world.truths.lastIndex { !$0.isOut && $0.isDurable } ?? -1
        for (group, truth) in world.truths.enumerated() where group > needed {
            #expect(truth.isOnMedium, "group \(group) can be lost behind an acknowledged one: \(world)")
        }
    }
}
