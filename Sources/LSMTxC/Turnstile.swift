internal import CLSMTxShims
internal import LSMTx
internal import Synchronization

/// Lets one call at a time into what belongs to one thread at a time.
///
/// The C compiler does not know of Swift's rules, so a second call that overlaps is refused instead of destroying
/// memory. Most handles never leave their thread, and an atomic exchange costs them 25 ns after a put, whose writes it waits
/// for. So:
/// 1. A turnstile belongs to the thread that made it, which only writes down that it is within, and then looks whether
///    the turnstile is still its own. Nothing orders the two for the processor.
/// 2. The first call of another thread takes it away from that one, for good. It takes the shared side, says that there is
///    no owner any more, and has every thread pass a fence. After that, either the owner's note is seen, or the owner sees
///    that it is none.
/// 3. From then on everybody takes the shared side, by an exchange, and then looks for the note of a former owner that is
///    still within.
///
/// Where the system cannot have other threads pass a fence, nobody owns it.
final class Turnstile: Sendable {
    /// 0 when there is none.
    private let owner: Atomic<UInt>
    /// Only written by the thread that is, or was, the owner.
    private let ownerIsWithin = Atomic<Bool>(false)
    private let sharedIsTaken = Atomic<Bool>(false)

    private static let canHaveOwner = lsmtx_can_fence_all_threads()

    init() { owner = Atomic(Self.canHaveOwner ? UInt(lsmtx_thread_token()) : 0) }

    /// - Throws: `misuse` when another call is within; what `body` throws.
    @inline(__always)
    func pass<R>(_ body: () throws(StoreError) -> R) throws(StoreError) -> R {
        guard let side = enter() else { throw Misuse.overlap }
        defer { leave(side) }
        return try body()
    }

    /// Waits for its turn: for what cannot fail, as freeing.
    func waitAndPass(_ body: () -> Void) {
        var side = enter()
        while side == nil {
            Pause.shortly()
            side = enter()
        }
        body()
        side.map(leave)
    }

    private enum Side { case owner, shared }

    /// - Returns: `nil` when somebody is within, be it a call of this thread whose callback this is.
    @inline(__always)
    private func enter() -> Side? {
        let thread = UInt(lsmtx_thread_token())
        if owner.load(ordering: .relaxed) == thread {
            guard !ownerIsWithin.load(ordering: .relaxed) else { return nil }
            ownerIsWithin.store(true, ordering: .relaxed)
            lsmtx_fence_compiler()
            if owner.load(ordering: .relaxed) == thread { return .owner }
            ownerIsWithin.store(false, ordering: .releasing)
        }
        return takeShared() ? .shared : nil
    }

    @inline(__always)
    private func leave(_ side: Side) {
        switch side {
        case .owner: ownerIsWithin.store(false, ordering: .releasing)
        case .shared: sharedIsTaken.store(false, ordering: .releasing)
        }
    }

    /// Takes the shared side, unless somebody is within.
    @inline(never)
    private func takeShared() -> Bool {
        guard !sharedIsTaken.exchange(true, ordering: .acquiring) else { return false }
        if owner.load(ordering: .relaxed) != 0 {
            owner.store(0, ordering: .relaxed)
            lsmtx_fence_all_threads()
        }
        guard ownerIsWithin.load(ordering: .acquiring) else { return true }
        sharedIsTaken.store(false, ordering: .releasing)
        return false
    }
}
