internal import CLSMTxShims

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A thread of the store's own. Background work blocks on the device, which the cooperative pool must never do.
///
/// The thread starts with every signal blocked, so that the application's handlers run on its own threads. Whoever
/// makes one joins it; if nobody does, it runs on by itself until its body returns.
package final class WorkerThread: Sendable {
    private struct Handle: @unchecked Sendable {
        // @unchecked: an opaque name of the thread, a pointer on some systems, only reached with the lock held.
        var thread: pthread_t?
    }

    private final class Start {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    private let handle: Guarded<Handle>

    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - name: What it does; debuggers show "lsmtx-" before it, and the first 15 bytes of the whole.
    ///   - body: What it runs, once.
    /// - Throws: `io` when the system has no thread to give.
    package init(name: String, _ body: @escaping @Sendable () -> Void) throws(StoreError) {
        let start = Unmanaged.passRetained(Start(name: String("lsmtx-\(name)".utf8.prefix(15)) ?? "lsmtx", body: body))
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, &before)
        #if canImport(Darwin)
        var created: pthread_t?
        #else
        var created = pthread_t()
        #endif
        let result = pthread_create(&created, nil, Self.main, start.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard result == 0 else {
            start.release()
            throw StoreError(
                .io, "Starting a thread failed with error \(result).",
                remedy: "Raise the limit on threads (ulimit -u) or end some, and open the database again.",
                errorNumber: result)
        }
        handle = Guarded(Handle(thread: created))
    }

    deinit {
        handle.withLock { if let thread = $0.thread { pthread_detach(thread) } }
    }

    /// Waits until the body has returned. Joining again returns at once. The thread must not join itself.
    package func join() {
        // The lock is held while waiting, so that a second caller returns only once the thread has ended too.
        handle.withLock { handle in
            guard let thread = handle.thread else { return }
            precondition(pthread_equal(thread, pthread_self()) == 0, "A thread cannot wait for itself.")
            pthread_join(thread, nil)
            handle.thread = nil
        }
    }

    #if canImport(Darwin)
    private static let main: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = { run($0) }
    #else
    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { run($0!) }
    #endif

    private static func run(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        lsmtx_name_thread(start.name)
        start.body()
        return nil
    }
}
