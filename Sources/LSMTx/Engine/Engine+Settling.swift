internal import Synchronization

/// What the background worker does for reads while nobody commits: it merges the few tables of level 0 that the limits
/// of the levels allow, which makes a scan of a store that was just filled half as fast again.
///
/// A store is not settled while commits go on, where the same bytes would be merged again with those that come next.
/// The price is bounded by the rule of ``CompactionPicker/pickSettling(levels:avoiding:)``.
///
/// Rejected: to count what reads find in each table, and to merge the tables that cost them most. It puts a shared counter
/// on every read, to save work that is done while the processors have nothing else to do.
extension Engine {
    /// Whether there is something to settle.
    var isUnsettled: Bool { settlingPlan(of: versions.current) != nil }

    private func settlingPlan(of version: Version) -> CompactionPlan? {
        CompactionPicker.pickSettling(levels: version.levels.map { $0.map(\.descriptor) }, avoiding: damage.ids)
    }

    /// Merges level 0 into level 1, if that is still worthwhile. Only the background worker calls this, or whoever runs
    /// without one: compactions take turns.
    ///
    /// - Returns: `false` when there was nothing to do, or the worker is to stop.
    /// - Throws: `diskFull`, or `corrupt` when a table is found damaged, which is avoided from then on; nothing has
    ///   changed. After any other error the store is poisoned.
    package func settle() throws(StoreError) -> Bool {
        let version = versions.current
        guard let plan = settlingPlan(of: version) else { return false }
        return try compact(plan, of: version, announceReadPoints(), shouldStop: { isToStop })
    }
}
