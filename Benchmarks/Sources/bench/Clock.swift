import Foundation

/// What a stretch of work took.
struct Cost: Sendable {
    var seconds = 0.0
    /// Processor time of all threads of the process, in user and system mode.
    var cpuSeconds = 0.0
}

/// Measures wall and processor time.
enum Clock {
    static func measure(_ body: () throws -> Void) rethrows -> Cost {
        let cpu = cpuSeconds
        let start = nanoseconds
        try body()
        return Cost(seconds: Double(nanoseconds - start) / 1e9, cpuSeconds: cpuSeconds - cpu)
    }

    static var nanoseconds: UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }

    /// Processor time of this thread: what other programs do meanwhile does not count.
    static var threadNanoseconds: UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }

    private static var cpuSeconds: Double {
        var now = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}

/// Runs `body` on so many threads at once and returns what all of them together took.
func onThreads(_ count: Int, _ body: @escaping @Sendable (_ thread: Int) throws -> Void) throws -> Cost {
    guard count > 1 else { return try Clock.measure { try body(0) } }
    let failures = Failures()
    let cost = Clock.measure {
        let group = DispatchGroup()
        for number in 0..<count {
            group.enter()
            let thread = Thread {
                do { try body(number) } catch { failures.note(error) }
                group.leave()
            }
            thread.start()
        }
        group.wait()
    }
    if let failure = failures.first { throw failure }
    return cost
}

/// The first error of several threads.
private final class Failures: @unchecked Sendable {
    // @unchecked: `first` is only touched with the lock held, or after all threads have ended.
    private let lock = NSLock()
    private(set) var first: (any Error)?

    func note(_ error: any Error) {
        lock.withLock { first = first ?? error }
    }
}

/// What ends a benchmark that has read something wrong.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
