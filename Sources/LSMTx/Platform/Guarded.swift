#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// State that is only reached with its lock held, and that threads can wait on.
///
/// The lock is a pthread mutex: `Synchronization.Mutex` gives false reports and hangs under the thread sanitizer,
/// and nothing on a hot path takes a lock at all. Locks do not nest unless the lines at them say in which order.
package final class Guarded<State>: @unchecked Sendable {
    // @unchecked: `state` is only touched between lock and unlock of `mutex`.
    //
    // It lies behind a pointer because lending a stored property of a class to a closure is checked for exclusivity at
    // run time, which costs more than the lock.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private let state: UnsafeMutablePointer<State>

    package init(_ state: consuming State) {
        self.state = .allocate(capacity: 1)
        self.state.initialize(to: state)
        mutex = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        let result = pthread_mutex_init(mutex, nil)
        precondition(result == 0, "pthread_mutex_init failed with \(result)")
        #if canImport(Darwin)
        let conditionResult = pthread_cond_init(changed, nil)
        #else
        // Waits are measured by the monotonic clock, so that setting the system's clock cannot stretch them.
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        let conditionResult = pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
        #endif
        precondition(conditionResult == 0, "pthread_cond_init failed with \(conditionResult)")
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// Calls `body` with the lock held.
    @inline(__always)
    package func withLock<R, E: Error>(_ body: (inout State) throws(E) -> R) throws(E) -> R {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state.pointee)
    }

    /// Takes the lock before a `fork`, so that the child does not inherit it from a thread that it does not have.
    package func lockForFork() { pthread_mutex_lock(mutex) }

    /// Gives back what ``lockForFork()`` took, in the parent and in the child.
    package func unlockAfterFork() { pthread_mutex_unlock(mutex) }

    /// Wakes every thread in ``wait(timeoutMilliseconds:for:)``, to look at the state again.
    package func notifyAll() { pthread_cond_broadcast(changed) }

    /// Wakes one thread in ``wait(timeoutMilliseconds:for:)``: enough where all of them wait for the same.
    package func notifyOne() { pthread_cond_signal(changed) }

    /// Sleeps until `body`, called with the lock held, returns something, and returns that.
    ///
    /// - Parameters:
    ///   - timeoutMilliseconds: After this time, `nil` is returned; without it, there is no limit.
    ///   - body: Looks at the state, may change it, and returns `nil` to go on waiting.
    package func wait<R>(timeoutMilliseconds: Int? = nil, for body: (inout State) -> R?) -> R? {
        var deadline = timespec()
        if let timeoutMilliseconds {
            #if canImport(Darwin)
            clock_gettime(CLOCK_REALTIME, &deadline)
            #else
            clock_gettime(CLOCK_MONOTONIC, &deadline)
            #endif
            let nanoseconds = deadline.tv_nsec + (timeoutMilliseconds % 1000) * 1_000_000
            deadline.tv_sec += timeoutMilliseconds / 1000 + nanoseconds / 1_000_000_000
            deadline.tv_nsec = nanoseconds % 1_000_000_000
        }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state.pointee) { return result }
            if timeoutMilliseconds == nil {
                pthread_cond_wait(changed, mutex)
            } else if pthread_cond_timedwait(changed, mutex, &deadline) == ETIMEDOUT {
                return body(&state.pointee)
            }
        }
    }
}
