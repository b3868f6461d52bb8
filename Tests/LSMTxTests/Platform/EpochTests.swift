import Synchronization
import Testing

@testable import LSMTx

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

@Suite struct EpochTests {
    /// Memory whose release can be observed.
    private final class Probe: Sendable {
        private let freed = Atomic<Bool>(false)
        var isFreed: Bool { freed.load(ordering: .acquiring) }

        func retire(isLarge: Bool = false) {
            let memory = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16)
            Epoch.retire(memory, isLarge: isLarge) { memory in
                memory.deallocate()
                self.freed.store(true, ordering: .releasing)
            }
        }

        /// Other tests of this process pin too, each for a moment, so freeing is not immediate.
        func isFreedEventually() -> Bool {
            for _ in 0..<1_000_000 where !isFreed { Epoch.collect() }
            return isFreed
        }
    }

    @Test func whatIsRetiredWhilePinnedIsFreedOnlyAfterTheUnpin() {
        let probe = Probe()
        let slot = Epoch.pin()
        probe.retire()
        for _ in 0..<10 { Epoch.collect() }
        #expect(!probe.isFreed)
        Epoch.unpin(slot)
        #expect(probe.isFreedEventually())
    }

    /// Other tests of this process collect too, so what counts is the thread on which it is freed.
    @Test func whoRetiresSomethingDoesNotFreeWhatIsLarge() {
        final class Owner: Sendable {
            let isFreed = Atomic<Bool>(false)
            let isFreedHere = Atomic<Bool>(false)
            var state: (isFreed: Bool, isHere: Bool) {
                (isFreed.load(ordering: .acquiring), isFreedHere.load(ordering: .relaxed))
            }
        }
        let owner = Owner()
        let slot = Epoch.pin()
        let here = UInt(bitPattern: slot)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16)
        Epoch.retire(memory, isLarge: true) { memory in
            memory.deallocate()
            let slot = Epoch.pin()
            owner.isFreedHere.store(UInt(bitPattern: slot) == here, ordering: .relaxed)
            Epoch.unpin(slot)
            owner.isFreed.store(true, ordering: .releasing)
        }
        Epoch.unpin(slot)
        for _ in 0..<1_000 { Probe().retire() }
        let state = owner.state
        #expect(!state.isFreed || !state.isHere)
        for _ in 0..<1_000_000 where !owner.state.isFreed { Epoch.collect() }
        let isFreed = owner.state.isFreed
        #expect(isFreed)
    }

    @Test func onlyTheOutermostUnpinReleases() {
        let probe = Probe()
        let outer = Epoch.pin()
        let inner = Epoch.pin()
        #expect(inner == outer)
        probe.retire()
        Epoch.unpin(inner)
        Epoch.collect()
        #expect(!probe.isFreed)
        Epoch.unpin(outer)
        #expect(probe.isFreedEventually())
    }

    @Test func aPinMadeAfterTheRetirementDoesNotHoldIt() {
        let probe = Probe()
        probe.retire()
        let slot = Epoch.pin()
        #expect(probe.isFreedEventually())
        Epoch.unpin(slot)
    }

    @Test func aPinOfAnotherThreadHolds() throws {
        enum Step { case starting, pinned, released }
        let step = Guarded(Step.starting)
        let thread = try WorkerThread(name: "test") {
            let slot = Epoch.pin()
            step.withLock { $0 = .pinned }
            step.notifyAll()
            _ = step.wait { $0 == .released ? true : nil }
            Epoch.unpin(slot)
        }
        _ = step.wait { $0 == .pinned ? true : nil }
        let probe = Probe()
        probe.retire()
        Epoch.collect()
        #expect(!probe.isFreed)
        step.withLock { $0 = .released }
        step.notifyAll()
        thread.join()
        #expect(probe.isFreedEventually())
    }

    @Test func aThreadThatEndsGivesItsSlotBack() throws {
        for _ in 0..<50 {
            let thread = try WorkerThread(name: "test") {
                // Never unpinned: the end of the thread must do.
                _ = Epoch.pin()
            }
            thread.join()
        }
        let probe = Probe()
        probe.retire()
        #expect(probe.isFreedEventually())
    }

    /// Its `free` has begun and takes long: it is out of the list, and not freed.
    @Test func drainingWaitsForWhatAnotherThreadIsFreeing() throws {
        enum Step { case retired, freeing, released }
        let step = Guarded(Step.retired)
        let isFreed = Atomic<Bool>(false)
        // Large, so that this thread, which retires it, does not free it.
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16)
        Epoch.retire(memory, isLarge: true) { memory in
            step.withLock { $0 = .freeing }
            step.notifyAll()
            _ = step.wait { $0 == .released ? true : nil }
            memory.deallocate()
            isFreed.store(true, ordering: .releasing)
        }
        let collector = try WorkerThread(name: "collector") {
            while step.withLock({ $0 }) == .retired { Epoch.collect() }
        }
        _ = step.wait { $0 == .freeing ? true : nil }
        let wasFreed = Atomic<Bool>(false)
        let drained = try WorkerThread(name: "drain") {
            Epoch.drain()
            wasFreed.store(isFreed.load(ordering: .acquiring), ordering: .relaxed)
        }
        SystemClock.sleep(microseconds: 20_000)
        step.withLock { $0 = .released }
        step.notifyAll()
        drained.join()
        collector.join()
        let sawItFreed = wasFreed.load(ordering: .relaxed)
        #expect(sawItFreed)
    }

    @Test func aChildMadeByForkCanFreeWhatTheParentLeftIt() async throws {
        await #expect(processExitsWith: .success) {
            _ = ForkGuard.current
            // What the language's runtime makes at its first use, under locks of its own that no handler reaches.
            Probe().retire(isLarge: true)
            Epoch.drain()
            let isDone = Atomic<Bool>(false)
            let threads = try (0..<2).map { _ in
                try WorkerThread(name: "retiring") {
                    while !isDone.load(ordering: .relaxed) {
                        Probe().retire(isLarge: true)
                        Epoch.collect()
                    }
                }
            }
            for _ in 0..<200 {
                let child = fork()
                if child == 0 {
                    Epoch.drain()
                    _exit(0)
                }
                var status: Int32 = -1
                var ended: pid_t = 0
                for _ in 0..<200_000 where ended == 0 {
                    SystemClock.sleep(microseconds: 100)
                    ended = waitpid(child, &status, WNOHANG)
                }
                if ended == 0 { kill(child, SIGKILL) }
                try #require(ended == child && status == 0)
            }
            isDone.store(true, ordering: .relaxed)
            for thread in threads { thread.join() }
        }
    }

    /// A node that a reader can tell from a freed one.
    private struct Node {
        var value: UInt64
        var check: UInt64
        static let salt: UInt64 = 0xA5A5_5A5A_0F0F_F0F0
    }

    /// Readers follow a pointer that writers replace; every node that is found must be whole, and all are freed.
    @Test func readersNeverSeeFreedMemory() throws {
        #if DEBUG
        let rounds = 2_000
        #else
        let rounds = 50_000
        #endif
        final class Shared: Sendable {
            let head = Atomic<UInt>(0)
            let freed = Atomic<Int>(0)
            let broken = Atomic<Int>(0)
            let writersLeft = Atomic<Int>(2)
        }
        let shared = Shared()
        @Sendable func makeNode(_ value: UInt64) -> UInt {
            let node = UnsafeMutablePointer<Node>.allocate(capacity: 1)
            node.initialize(to: Node(value: value, check: value ^ Node.salt))
            return UInt(bitPattern: node)
        }
        @Sendable func retire(_ address: UInt) {
            guard let memory = UnsafeMutableRawPointer(bitPattern: address) else { return }
            Epoch.retire(memory) { memory in
                let node = memory.assumingMemoryBound(to: Node.self)
                node.pointee.check = 0
                node.deallocate()
                shared.freed.add(1, ordering: .relaxed)
            }
        }
        shared.head.store(makeNode(0), ordering: .releasing)
        let writers = try (0..<2).map { writer in
            try WorkerThread(name: "writer") {
                for round in 0..<rounds {
                    let node = makeNode(UInt64(round * 2 + writer))
                    retire(shared.head.exchange(node, ordering: .acquiringAndReleasing))
                }
                shared.writersLeft.subtract(1, ordering: .releasing)
            }
        }
        let readers = try (0..<4).map { _ in
            try WorkerThread(name: "reader") {
                while shared.writersLeft.load(ordering: .acquiring) > 0 {
                    let slot = Epoch.pin()
                    let address = shared.head.load(ordering: .acquiring)
                    if let node = UnsafePointer<Node>(bitPattern: address) {
                        let found = node.pointee
                        if found.value ^ Node.salt != found.check { shared.broken.add(1, ordering: .relaxed) }
                    }
                    Epoch.unpin(slot)
                }
            }
        }
        for thread in writers + readers { thread.join() }
        retire(shared.head.exchange(0, ordering: .acquiringAndReleasing))
        let nodes = 2 * rounds + 1
        for _ in 0..<1_000_000 where shared.freed.load(ordering: .relaxed) < nodes { Epoch.collect() }
        #expect(shared.broken.load(ordering: .relaxed) == 0)
        #expect(shared.freed.load(ordering: .relaxed) == nodes)
    }

    /// What is retired while another thread is looking for what can be freed waits for readers whom that one did not see.
    @Test func whatIsRetiredDuringACollectionIsNotFreedByIt() throws {
        #if DEBUG
        let rounds = 20_000
        #else
        let rounds = 200_000
        #endif
        /// Objects that are never given back to the system, so that a reader of a freed one can say so.
        final class Shared: Sendable {
            let current = Atomic<Int>(0)
            let isDone = Atomic<Bool>(false)
            let early = Atomic<Int>(0)
            let isFreed: [Flag]
            init(_ count: Int) { isFreed = (0...count).map { _ in Flag() } }
        }
        final class Flag: Sendable { let isSet = Atomic<Bool>(false) }
        let shared = Shared(rounds)
        var threads: [WorkerThread] = []
        for _ in 0..<2 {
            threads.append(
                try WorkerThread(name: "collect") {
                    while !shared.isDone.load(ordering: .acquiring) { Epoch.collect() }
                })
            threads.append(
                try WorkerThread(name: "read") {
                    while !shared.isDone.load(ordering: .acquiring) {
                        let slot = Epoch.pin()
                        let object = shared.current.load(ordering: .sequentiallyConsistent)
                        for _ in 0..<4 where shared.isFreed[object].isSet.load(ordering: .acquiring) {
                            shared.early.add(1, ordering: .relaxed)
                        }
                        Epoch.unpin(slot)
                    }
                })
        }
        for object in 1...rounds {
            let old = shared.current.exchange(object, ordering: .sequentiallyConsistent)
            // No memory: the number stands in for an address, and 0 for none.
            Epoch.retire(UnsafeMutableRawPointer(bitPattern: old + 1)!) { number in
                shared.isFreed[Int(bitPattern: number) - 1].isSet.store(true, ordering: .releasing)
            }
        }
        shared.isDone.store(true, ordering: .releasing)
        for thread in threads { thread.join() }
        #expect(shared.early.load(ordering: .relaxed) == 0)
    }
}
