internal import Synchronization

/// Tells work in one thread that another wants it to end: it looks now and then, and throws.
///
/// Work that waits must be woken by whoever cancels.
package final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    package init() {}

    @inline(__always)
    package var isCancelled: Bool { flag.load(ordering: .relaxed) }

    package func cancel() { flag.store(true, ordering: .sequentiallyConsistent) }

    /// - Throws: `interrupted` once ``cancel()`` was called.
    @inline(__always)
    package func check() throws(StoreError) {
        if isCancelled { throw Self.interrupted }
    }

    private static var interrupted: StoreError {
        StoreError(
            .interrupted, "The call was cancelled.",
            remedy: "Nothing of it was committed; call it again if it is wanted.")
    }
}
