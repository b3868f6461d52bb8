internal import Synchronization

/// The read path: memtables, newest first, then the tables of the current version.
extension Engine {
    /// Calls `body` with the current view, pinned by an epoch: no lock, no reference counting, nothing shared written.
    ///
    /// Bytes that `body` finds are valid until it returns.
    @inline(__always)
    package func withView<R>(_ body: (ReadView) throws(StoreError) -> R) throws(StoreError) -> R {
        let slot = Epoch.pin()
        defer { Epoch.unpin(slot) }
        return try Self.lend(loadView(), to: body)
    }

    /// Calls `body` with the object and no reference counting. The standard library's call rethrows only untyped
    /// errors, so the result carries them.
    @inline(__always)
    private static func lend<R>(
        _ view: Unmanaged<ReadView>, to body: (ReadView) throws(StoreError) -> R
    ) throws(StoreError) -> R {
        try view._withUnsafeGuaranteedRef { view in
            Result { () throws(StoreError) in try body(view) }
        }.get()
    }

    @inline(__always)
    private func loadView() -> Unmanaged<ReadView> {
        let pointer = UnsafeRawPointer(bitPattern: viewPointer.load(ordering: .sequentiallyConsistent))
        return .fromOpaque(pointer.unsafelyUnwrapped)
    }

    /// The current view, retained.
    package func currentView() -> ReadView {
        let slot = Epoch.pin()
        defer { Epoch.unpin(slot) }
        return loadView().takeUnretainedValue()
    }

    /// Replaces the view after a change of the memtables or of the version. The state's lock is held.
    func replaceView(_ state: EngineState, version: Version) {
        activePointer.store(
            UInt(bitPattern: Unmanaged.passUnretained(state.active.memtable).toOpaque()), ordering: .releasing)
        activeLogStart.store(state.active.logPosition.lsn.rawValue, ordering: .relaxed)
        frozenCount.store(state.frozen.count, ordering: .releasing)
        levelZeroCount.store(version.levels[0].count, ordering: .relaxed)
        let view = Unmanaged.passRetained(ReadView(memtables: state.memtables, version: version))
        let old = viewPointer.exchange(UInt(bitPattern: view.toOpaque()), ordering: .sequentiallyConsistent)
        guard let pointer = UnsafeMutableRawPointer(bitPattern: old) else { return }
        Epoch.retire(pointer, isLarge: true) { Unmanaged<ReadView>.fromOpaque($0).release() }
    }

    /// An iterator over the live entries at `timestamp`, which is published and covered by an open snapshot.
    ///
    /// - Parameter deletions: Ranges of which nothing is shown.
    package func iterator(
        at timestamp: Timestamp, range: KeyRange, without deletions: RangeTombstoneRuns? = nil
    ) -> MergingIterator {
        MergingIterator(view: currentView(), at: timestamp, range: range, without: deletions)
    }
}
