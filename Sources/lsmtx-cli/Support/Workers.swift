internal import LSMTx

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Threads of the command's own: a commit blocks, so it must not sit on Swift's cooperative pool.
final class Workers {
    private final class Job: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private var threads: [pthread_t] = []

    /// Starts `count` threads; each calls `body` with its number, from 0.
    init(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) throws {
        for number in 0..<count {
            let job = Unmanaged.passRetained(Job { body(number) })
            #if canImport(Darwin)
            var thread: pthread_t?
            let result = pthread_create(&thread, nil, Self.entry, job.toOpaque())
            #else
            var thread = pthread_t()
            let result = pthread_create(&thread, nil, Self.entry, job.toOpaque())
            #endif
            guard result == 0 else {
                job.release()
                throw Failure(.failure, "Cannot start a thread: \(System.describe(errorNumber: result)).")
            }
            #if canImport(Darwin)
            if let thread { threads.append(thread) }
            #else
            threads.append(thread)
            #endif
        }
    }

    /// Waits until every thread has ended.
    func join() {
        for thread in threads { pthread_join(thread, nil) }
        threads = []
    }

    #if canImport(Darwin)
    private static let entry: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = { raw in
        Unmanaged<Job>.fromOpaque(raw).takeRetainedValue().body()
        return nil
    }
    #else
    private static let entry: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { raw in
        if let raw { Unmanaged<Job>.fromOpaque(raw).takeRetainedValue().body() }
        return nil
    }
    #endif
}
