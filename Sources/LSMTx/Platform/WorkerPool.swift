/// Threads that run jobs which may block, so that whoever submits them need not.
///
/// 1. A job is put into one queue, first come, first served.
/// 2. If there are fewer idle threads than jobs that wait, and fewer threads than the bound, one more is started.
/// 3. A thread takes the oldest job, and again, until it has been idle for a while; then it ends.
///
/// Every job has its turn exactly once: it is run, or told why it is not, on whatever thread finds that out. A thread
/// ends only with the queue empty and the lock held, so no job is left behind.
package final class WorkerPool: Sendable {
    /// What a job is called with.
    package enum Turn: Sendable {
        /// Do the work.
        case run
        /// Nothing is done: it was withdrawn before its turn came.
        case withdrawn
        /// Nothing is done: the pool has been shut down, or has no thread for it.
        case refused(StoreError)
    }

    package typealias Job = @Sendable (Turn) -> Void

    /// Names a job that was submitted; 0 names none.
    package typealias Ticket = UInt64

    /// A job in a box: a bare closure that goes through generic code is wrapped anew each time.
    private struct Waiting: Sendable {
        let job: Job
    }

    private struct State {
        /// The jobs that wait, by ticket. Taking them by rising tickets passes over each one that was withdrawn once.
        var jobs: [Ticket: Waiting] = [:]
        var first: Ticket = 1
        var next: Ticket = 1
        var threads = 0
        /// Threads that wait for a job, or are about to.
        var idle = 0
        var refusal: StoreError?

        mutating func takeOldest() -> Waiting? {
            guard !jobs.isEmpty else {
                first = next
                return nil
            }
            while true {
                defer { first += 1 }
                if let job = jobs.removeValue(forKey: first) { return job }
            }
        }

        mutating func takeAll() -> [Waiting] {
            defer { jobs = [:] }
            return jobs.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    private let name: String
    private let limit: Int
    private let idleMilliseconds: Int
    /// The threads hold this, not the pool.
    private let state = Guarded(State())

    /// Makes a pool without threads.
    ///
    /// - Parameters:
    ///   - name: What its threads are called: see ``WorkerThread/init(name:_:)``.
    ///   - limit: How many threads there are at most, at least 1.
    ///   - idleMilliseconds: After so long without a job, a thread ends.
    package init(name: String, limit: Int, idleMilliseconds: Int = 10_000) {
        self.name = name
        self.limit = limit
        self.idleMilliseconds = idleMilliseconds
    }

    deinit { shutDown(refusing: StoreError(.closed, "The threads have ended.", remedy: "Open the database again.")) }

    /// How many threads there are now.
    package var threadCount: Int { state.withLock { $0.threads } }

    /// How many jobs wait for a thread.
    package var waitingCount: Int { state.withLock { $0.jobs.count } }

    private enum Next {
        case nothing
        case wake
        case start
        case refuse(StoreError)
    }

    /// Adds a job. It blocks for no longer than starting a thread takes.
    ///
    /// - Returns: What to ``withdraw(_:)`` it by.
    @discardableResult
    package func submit(_ job: @escaping Job) -> Ticket {
        let (ticket, next) = state.withLock { state -> (Ticket, Next) in
            if let refusal = state.refusal { return (0, .refuse(refusal)) }
            let ticket = state.next
            state.next += 1
            state.jobs[ticket] = Waiting(job: job)
            if state.idle >= state.jobs.count { return (ticket, .wake) }
            guard state.threads < limit else { return (ticket, .nothing) }
            state.threads += 1
            return (ticket, .start)
        }
        switch next {
        case .nothing: break
        case .wake: state.notifyOne()
        case .start: startThread()
        case .refuse(let error): job(.refused(error))
        }
        return ticket
    }

    /// Takes a job back that has not begun: it is told so at once. Does nothing to others.
    package func withdraw(_ ticket: Ticket) {
        state.withLock { $0.jobs.removeValue(forKey: ticket) }?.job(.withdrawn)
    }

    /// Refuses all jobs that wait, and those to come. Threads end with what they are at.
    package func shutDown(refusing error: StoreError) {
        let refused = state.withLock { state -> [Waiting] in
            if state.refusal == nil { state.refusal = error }
            return state.takeAll()
        }
        state.notifyAll()
        for waiting in refused { waiting.job(.refused(error)) }
    }

    private func startThread() {
        let (state, idleMilliseconds) = (state, idleMilliseconds)
        do {
            // Nobody joins it: it may be the one that closes the database.
            _ = try WorkerThread(name: name) { Self.work(on: state, idleMilliseconds: idleMilliseconds) }
        } catch {
            let orphans = state.withLock { state -> [Waiting] in
                state.threads -= 1
                return state.threads == 0 ? state.takeAll() : []
            }
            for waiting in orphans { waiting.job(.refused(error)) }
        }
    }

    private static func work(on state: Guarded<State>, idleMilliseconds: Int) {
        state.withLock { $0.idle += 1 }
        while true {
            let found = state.wait(timeoutMilliseconds: idleMilliseconds) { state -> Waiting?? in
                if let job = state.takeOldest() {
                    state.idle -= 1
                    return .some(job)
                }
                return state.refusal == nil ? nil : .some(nil)
            }
            // Having waited long enough, it looks a last time: a job may have come that counts on this thread.
            let next =
                (found ?? nil)
                ?? state.withLock { state -> Waiting? in
                    state.idle -= 1
                    let job = state.takeOldest()
                    if job == nil { state.threads -= 1 }
                    return job
                }
            guard let next else { return }
            next.job(.run)
            state.withLock { $0.idle += 1 }
        }
    }
}
