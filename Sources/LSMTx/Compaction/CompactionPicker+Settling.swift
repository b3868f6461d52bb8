/// Compactions that only make reads cheaper, for a store that nobody writes to: they leave fewer places where a key can
/// be, and entries that follow each other in one table rather than in several.
extension CompactionPicker {
    /// How many bytes of level 1 are rewritten at most for each byte of level 0 that joins them.
    ///
    /// So a byte that is written is written at most once more than ``pick(levels:options:avoiding:)`` has it written, and
    /// two of its neighbours with it, however often the store comes to rest.
    static let settlingRatio: UInt64 = 2

    /// Level 0 into level 1, if a read has fewer tables to ask afterwards and it costs no more than it should.
    ///
    /// - Parameters:
    ///   - levels: Level 0 newest first, the others in key order.
    ///   - damaged: Tables that no plan takes.
    package static func pickSettling(
        levels: [[TableDescriptor]], avoiding damaged: Set<TableID> = []
    ) -> CompactionPlan? {
        guard !levels[0].isEmpty else { return nil }
        let plan = levelZero(levels, reason: .settling)
        guard plan.inputs.count > 1, !plan.takes(anyOf: damaged) else { return nil }
        let joined = plan.inputs.filter { $0.level != 0 }
        return bytes(joined) <= bytes(levels[0]) * settlingRatio ? plan : nil
    }
}
