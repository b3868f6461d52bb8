internal import Synchronization

/// Tells work in one thread that another wants it to end: it looks now and then, and throws.
///
/// Work that waits must be woken by whoever cancels. Work that has done what cannot be taken back settles it: it has not
/// been cancelled then, whoever tried, and cannot be.
package final class Cancellation: Sendable {
    private static let possible: UInt8 = 0
    private static let cancelled: UInt8 = 1
    private static let settled: UInt8 = 2

    private let state = Atomic<UInt8>(possible)

    package init() {}

    @inline(__always)
    package var isCancelled: Bool { state.load(ordering: .relaxed) == Self.cancelled }

    package func cancel() {
        _ = state.compareExchange(
            expected: Self.possible, desired: Self.cancelled, ordering: .sequentiallyConsistent)
    }

    /// It is too late from now on.
    package func settle() { state.store(Self.settled, ordering: .sequentiallyConsistent) }

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
