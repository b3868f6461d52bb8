/// Remembers the first error that ended a sequence early, to be thrown where throwing is possible.
final class ScanFailure: Sendable {
    private let first = Guarded(StoreError?.none)

    func note(_ error: StoreError) { first.withLock { if $0 == nil { $0 = error } } }

    func check() throws(StoreError) {
        if let error = first.withLock({ $0 }) { throw error }
    }
}
