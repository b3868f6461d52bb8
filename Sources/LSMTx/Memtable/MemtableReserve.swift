internal import CLSMTxShims

/// Memory of memtables that are gone, for those to come: in a steady load, no memtable is made of fresh memory.
///
/// The last to hold a memtable may be a reader, or a writer that replaces the view. Giving tens of megabytes back to
/// the system there took up to 35 ms, and fresh memory is paid for with a page fault for every 2 MiB that is written. So:
///
/// 1. A block that is dropped, on whatever thread, only enters a list.
/// 2. The background worker clears the part that must be zero in one of them, and gives the rest back to the system
///    (``prepare()``). Nothing is ever made ahead from fresh memory, so a store holds no more of it than it did before.
/// 3. A new memtable of the same shape takes the cleared block.
/// 4. When the store has been idle for a moment, nothing is kept, and nothing is taken in until it works again.
package final class MemtableReserve: Sendable {
    /// A mapping that nobody refers to but this.
    private struct Dropped: @unchecked Sendable {
        // @unchecked: its last user has handed it over, and whoever takes it out of the state is its only user.
        let base: UnsafeMutableRawPointer
        let length: Int
        /// How many bytes from the beginning must be zero in a new one.
        let zeroBytes: Int

        func unmap() { lsmtx_unmap(base, length) }
    }

    private struct State {
        var dropped: [Dropped] = []
        var cleared: Dropped?
        var isIdle = false
    }

    /// What more is dropped between two turns of the worker goes back to the system at once.
    private static let maximumDropped = 3

    private let state = Guarded(State())

    package init() {}

    deinit { empty() }

    /// Takes over a mapping from its last user.
    ///
    /// - Returns: `false` when it is not wanted.
    func keep(_ base: UnsafeMutableRawPointer, length: Int, zeroBytes: Int) -> Bool {
        state.withLock { state in
            guard !state.isIdle, state.dropped.count < Self.maximumDropped else { return false }
            state.dropped.append(Dropped(base: base, length: length, zeroBytes: zeroBytes))
            return true
        }
    }

    /// A mapping of exactly that length, whose first `zeroBytes` bytes are zero, if there is one.
    func take(length: Int, zeroBytes: Int) -> UnsafeMutableRawPointer? {
        state.withLock { state in
            guard let cleared = state.cleared, cleared.length == length, cleared.zeroBytes == zeroBytes else {
                return nil
            }
            state.cleared = nil
            return cleared.base
        }
    }

    /// Makes one of the blocks that were dropped ready, and gives the others back to the system. For the background
    /// worker, after a flush.
    package func prepare() {
        let (dropped, hasCleared) = state.withLock { state in
            state.isIdle = false
            defer { state.dropped = [] }
            return (state.dropped, state.cleared != nil)
        }
        guard let last = dropped.last else { return }
        for block in hasCleared ? dropped[...] : dropped.dropLast() { block.unmap() }
        guard !hasCleared else { return }
        MemtableMemory.clear(last.base, zeroBytes: last.zeroBytes)
        let surplus = state.withLock { state -> Dropped? in
            guard state.cleared == nil, !state.isIdle else { return last }
            state.cleared = last
            return nil
        }
        surplus?.unmap()
    }

    /// Gives everything back to the system until ``prepare()`` is called again. For a store that is idle.
    package func empty() {
        let blocks = state.withLock { state -> [Dropped] in
            state.isIdle = true
            defer {
                state.dropped = []
                state.cleared = nil
            }
            return state.dropped + (state.cleared.map { [$0] } ?? [])
        }
        for block in blocks { block.unmap() }
    }

    /// How many blocks are kept, for tests.
    package var count: Int { state.withLock { $0.dropped.count + ($0.cleared == nil ? 0 : 1) } }
}
