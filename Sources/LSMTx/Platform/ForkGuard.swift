internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Remembers in which process a handle was made, and refuses its use in a child made by `fork`.
///
/// A child shares the parent's file position, locks and log without knowing of its threads, so that anything it
/// wrote would destroy the file. Comparing a counter that a fork handler raises costs one load; `getpid` would cost
/// a system call, and a reused process id would pass.
package struct ForkGuard: @unchecked Sendable {
    // @unchecked: the pointer is to an atomic that is never freed.
    private let counter: UnsafeMutablePointer<Atomic<UInt32>>
    private let value: UInt32

    private init(counter: UnsafeMutablePointer<Atomic<UInt32>>) {
        self.counter = counter
        value = counter.pointee.load(ordering: .relaxed)
    }

    /// The guard that was made first; the fork handler is registered with it. It holds the one counter.
    private static let registered: ForkGuard = {
        let counter = UnsafeMutablePointer<Atomic<UInt32>>.allocate(capacity: 1)
        counter.initialize(to: Atomic(0))
        let guardOfProcess = ForkGuard(counter: counter)
        // The initialiser has returned before any fork that matters: a handle takes its guard from here.
        let result = pthread_atfork({ Epoch.lockForFork() }, { Epoch.unlockAfterFork() }) {
            ForkGuard.registered.counter.pointee.add(1, ordering: .relaxed)
            Epoch.forgetOtherThreads()
        }
        precondition(result == 0, "pthread_atfork failed with \(result)")
        return guardOfProcess
    }()

    /// A guard for a handle that is made now, in this process.
    package static var current: ForkGuard { ForkGuard(counter: registered.counter) }

    /// Whether this is still the process that the guard was made in.
    @inline(__always)
    package var isSameProcess: Bool { counter.pointee.load(ordering: .relaxed) == value }

    /// - Throws: `forkedHandle` in a child of the process that the guard was made in.
    @inline(__always)
    package func check() throws(StoreError) {
        guard isSameProcess else { throw Self.inherited }
    }

    private static var inherited: StoreError {
        StoreError(
            .forkedHandle, "The handle was inherited through fork.",
            remedy: "Open the database after the fork, or use it in the parent only.")
    }
}
