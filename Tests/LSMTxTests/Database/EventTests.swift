import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// What a store tells its listener: everything, in order, and without waiting for it.
@Suite struct EventTests {
    /// Notes what it is told.
    private final class Listener: Sendable {
        private let heard = Guarded<[StoreEvent]>([])

        func hear(_ event: StoreEvent) {
            heard.withLock { $0.append(event) }
            heard.notifyAll()
        }

        /// Everything up to the end, which comes just after the close.
        func untilClosed() -> [StoreEvent] {
            heard.wait { events in
                if case .closed = events.last { return events }
                return nil
            } ?? []
        }

        var count: Int { heard.withLock { $0.count } }

        func first(_ isWanted: @escaping (StoreEvent) -> Bool) -> StoreEvent? {
            heard.wait { $0.first(where: isWanted) }
        }
    }

    private static func open(
        _ device: any StorageDevice, _ listener: Listener, background: Bool = false
    ) throws -> Database {
        var configuration = EngineFixture.configuration
        configuration.onEvent = { listener.hear($0) }
        return try Database(
            device: device, path: nil, configuration: configuration,
            options: EngineFixture.options(background: background))
    }

    private static func fill(_ database: Database, seed: UInt8, count: Int = 200) throws {
        try database.write(durability: .buffered) { t in
            for number in 0..<count { try t.put("key \(number)", [UInt8](repeating: seed, count: 100)) }
        }
    }

    @Test func aLifeIsToldInOrder() throws {
        let base = MemoryDevice()
        try EngineFixture.format(base)
        let listener = Listener()
        let database = try Self.open(base, listener, background: true)
        try Self.fill(database, seed: 1)
        try database.flush()
        try Self.fill(database, seed: 2)
        try database.compact()
        try database.close()
        let events = listener.untilClosed()
        guard case .opened(let opening) = events.first else {
            Issue.record("\(events)")
            return
        }
        #expect(opening.wasClosed && opening.recoveredGroups == 0 && opening.tables == 0)
        #expect(events.last == .closed(nil))
        let flushes = events.compactMap { if case .flushed(let flush) = $0 { flush } else { nil } }
        #expect(flushes.map(\.entries) == [200, 200])
        let compactions = events.compactMap { if case .compacted(let work) = $0 { work } else { nil } }
        #expect(compactions.contains { $0.droppedEntries == 200 && $0.bytesIn > $0.bytesOut && $0.tablesIn == 2 })
        let sizes = events.compactMap {
            if case .fileSizeChanged(let before, let now) = $0 { (before, now) } else { nil }
        }
        #expect(!sizes.isEmpty)
        #expect(zip(sizes, sizes.dropFirst()).allSatisfy { $0.1 == $1.0 })
        let length = try base.length()
        #expect(sizes.last?.1 == length)
        #expect(!events.contains { $0.isProblem })
    }

    @Test func aRecoverySaysWhatItFound() throws {
        let base = MemoryDevice()
        try EngineFixture.format(base)
        let first = try EngineFixture.open(base)
        try Self.fill(first, seed: 1)
        try Self.fill(first, seed: 2)
        let listener = Listener()
        let database = try Self.open(try EngineFixture.copy(base), listener)
        let event = listener.first { _ in true }
        guard case .opened(let opening) = event else {
            Issue.record("\(String(describing: event))")
            return
        }
        #expect(!opening.wasClosed && opening.recoveredGroups == 2 && opening.recoveredBytes > 40_000)
        try database.close()
    }

    @Test func aFailedSyncIsTold() throws {
        let base = MemoryDevice()
        try EngineFixture.format(base)
        let faulty = FaultDevice(base)
        let listener = Listener()
        let database = try Self.open(faulty, listener)
        try database.write { try $0.put("k", "v") }
        faulty.setFault(.init(nil, call: 0, isSticky: true, .failure(.io)))
        #expect(throws: StoreError.self) { try database.write { try $0.put("k", "w") } }
        #expect(throws: StoreError.self) { try database.write { try $0.put("k", "w") } }
        #expect(throws: StoreError.self) { try database.close() }
        let events = listener.untilClosed()
        let failures = events.filter { if case .failed = $0 { true } else { false } }
        #expect(failures.count == 1 && failures.allSatisfy(\.isProblem))
        guard case .closed(let error) = events.last else { return }
        #expect(error != nil && events.last?.isProblem == true)
    }

    @Test func stallsAreTold() throws {
        let base = MemoryDevice()
        try EngineFixture.format(base)
        let listener = Listener()
        let database = try Self.open(base, listener)
        for seed in 0..<40 { try Self.fill(database, seed: UInt8(seed)) }
        try database.close()
        let stalls = listener.untilClosed().compactMap { event -> (Bool, StoreEvent.StallReason)? in
            switch event {
            case .stallBegan(let reason): (true, reason)
            case .stallEnded(let reason, _): (false, reason)
            default: nil
            }
        }
        // One commit waits at a time, so they come in pairs.
        #expect(!stalls.isEmpty && stalls.count.isMultiple(of: 2))
        for pair in stride(from: 0, to: stalls.count, by: 2) {
            #expect(stalls[pair].0 && !stalls[pair + 1].0 && stalls[pair].1 == stalls[pair + 1].1)
        }
    }

    @Test func aSlowListenerHoldsNobodyUpAndIsToldWhatItMissed() async throws {
        let door = AsyncFixture.Door()
        let heard = Guarded<[StoreEvent]>([])
        let queue = try EventQueue { event in
            door.pass()
            heard.withLock { $0.append(event) }
            heard.notifyAll()
        }
        let total = EventQueue.capacity + 500
        queue.post(.fileSizeChanged(from: 0, to: 0))
        await door.arrivals(1)
        for number in 1..<total { queue.post(.fileSizeChanged(from: 0, to: UInt64(number))) }
        queue.end(with: .closed(nil))
        queue.post(.closed(nil))
        door.open()
        let events = heard.wait { $0.last == .closed(nil) ? $0 : nil } ?? []
        var next: UInt64 = 0
        var dropped = 0
        for event in events.dropLast() {
            switch event {
            case .fileSizeChanged(_, let number):
                #expect(number == next)
                next = number + 1
            case .dropped(let count): dropped += count
            default: Issue.record("\(event)")
            }
        }
        #expect(Int(next) + dropped == total)
        #expect(dropped == total - 1 - EventQueue.capacity)
    }

    @Test func aListenerMayCallTheDatabaseAndCloseIt() throws {
        let base = MemoryDevice()
        try EngineFixture.format(base)
        let listener = Listener()
        let handle = Guarded<Database?>(nil)
        var configuration = EngineFixture.configuration
        configuration.onEvent = { event in
            listener.hear(event)
            guard case .flushed = event, let database = handle.withLock({ $0 }) else { return }
            try? database.write { try $0.put("heard", "yes") }
            _ = try? database.flush()
            try? database.close()
        }
        let database = try Database(
            device: base, path: nil, configuration: configuration, options: EngineFixture.options(background: true))
        handle.withLock { $0 = database }
        try Self.fill(database, seed: 1)
        try? database.flush()
        #expect(listener.untilClosed().last == .closed(nil))
        handle.withLock { $0 = nil }
        let reopened = try EngineFixture.open(base)
        #expect(try reopened.read { try $0.get("heard") } == Array("yes".utf8))
    }

    @Test func aListenerThatNeverReturnsHoldsNoCloseUp() async throws {
        let door = AsyncFixture.Door()
        let base = MemoryDevice()
        try EngineFixture.format(base)
        var configuration = EngineFixture.configuration
        configuration.onEvent = { _ in door.pass() }
        let database = try Database(
            device: base, path: nil, configuration: configuration, options: EngineFixture.options(background: true))
        for seed in 0..<20 {
            try await database.write(durability: .buffered) { t in
                for number in 0..<200 { try t.put("key \(number)", [UInt8](repeating: UInt8(seed), count: 100)) }
            }
        }
        try await database.compact()
        try await database.close()
        #expect(try await EngineFixture.open(base).read { $0.scan().count { _ in true } } == 200)
        door.open()
    }

    @Test func anOpenThatFailsLetsItsListenerGo() async throws {
        final class Held: Sendable {}
        struct Weak: Sendable { weak let held: Held? }
        func open() -> Weak {
            let held = Held()
            var configuration = EngineFixture.configuration
            configuration.onEvent = { _ in withExtendedLifetime(held) {} }
            #expect(throws: StoreError.self) {
                try Database(
                    device: MemoryDevice(), path: nil, configuration: configuration, options: EngineFixture.options())
            }
            return Weak(held: held)
        }
        let weak = open()
        // Its thread ends.
        await AsyncFixture.eventually { weak.held == nil }
    }

    @Test func everyEventHasALine() {
        let error = StoreError(.io, "It failed.", remedy: "Try again.")
        let events: [StoreEvent] = [
            .opened(.init(wasClosed: true, recoveredGroups: 0, recoveredBytes: 0, tables: 3, duration: .zero)),
            .opened(.init(wasClosed: false, recoveredGroups: 2, recoveredBytes: 9, tables: 3, duration: .zero)),
            .flushed(.init(entries: 1, bytes: 2, duration: .zero)),
            .compacted(
                .init(
                    fromLevel: 0, intoLevel: 1, tablesIn: 2, tablesOut: 1, bytesIn: 9, bytesOut: 5, droppedEntries: 1,
                    duration: .zero)),
            .stallBegan(.log), .stallEnded(.memtables, .zero), .fileSizeChanged(from: 1, to: 2), .outOfSpace(error),
            .tableDamaged(error), .failed(error), .dropped(3), .closed(nil), .closed(error),
        ]
        #expect(Set(events.map(\.description)).count == events.count)
        #expect(events.allSatisfy { !$0.description.contains("\n") })
    }
}
