import LSMTxSimulation
import LSMTxTestSupport

@testable import LSMTx

/// What tests of asynchronous calls have in common. They never block a thread of the cooperative pool, where the
/// tests run: two of them that did would wait for each other's tasks for ever.
enum AsyncFixture {
    /// A door that closures on the store's threads wait at.
    final class Door: Sendable {
        private struct State {
            var isOpen = false
            var arrived = 0
        }

        private let state = Guarded(State())

        /// Waits in a synchronous closure until the door is open.
        func pass() {
            state.withLock { $0.arrived += 1 }
            state.notifyAll()
            _ = state.wait { $0.isOpen ? true : nil }
        }

        func open() {
            state.withLock { $0.isOpen = true }
            state.notifyAll()
        }

        /// Suspends until so many have come to the door.
        func arrivals(_ count: Int) async {
            await eventually { self.state.withLock { $0.arrived >= count } }
        }
    }

    /// Suspends until something is so.
    static func eventually(_ condition: @Sendable () -> Bool) async {
        while !condition() { try? await Task.sleep(for: .milliseconds(1)) }
    }

    /// Runs what blocks on a thread of its own.
    static func offPool<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
        let thread = Guarded<WorkerThread?>(nil)
        defer { thread.withLock { $0 = nil } }
        return try await withCheckedThrowingContinuation { continuation in
            do {
                let started = try WorkerThread(name: "test") { continuation.resume(with: Result { try body() }) }
                thread.withLock { $0 = started }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// A small store whose device holds back what a test says.
    static func gatedStore() throws -> (gate: GateDevice, database: Database) {
        let base = MemoryDevice()
        try EngineFixture.format(base)
        let gate = GateDevice(base)
        return (gate, try EngineFixture.open(gate, background: true))
    }

    static func number(_ bytes: [UInt8]?) -> Int {
        bytes.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
    }

    /// What a task ended with: `nil` for success.
    static func failure<R: Sendable>(of task: Task<R, any Error>) async -> (any Error)? {
        switch await task.result {
        case .success: nil
        case .failure(let error): error
        }
    }
}
