/// What one compaction does: which tables it replaces, and where the new ones go.
package struct CompactionPlan: Sendable {
    package enum Reason: Sendable, Equatable {
        /// Level 0 has as many tables as reads should have to ask.
        case levelZero
        /// A level holds more than its share.
        case levelSize(Int)
        /// Much of what is read can be dropped, because readers have gone.
        case garbage
        /// Nobody commits, and reads then have fewer tables to ask.
        case settling
        /// The table reaches further into the file than it must.
        case tail
        /// Somebody asked for it.
        case requested
    }

    /// Of level 0 newest first, then by level and key.
    package let inputs: [TableDescriptor]
    package let targetLevel: Int
    /// Whether the one input goes to the target level as it is.
    package let isTrivialMove: Bool
    /// The tables of levels below the target whose ranges meet that of the inputs: where older versions of the
    /// inputs' keys may be.
    package let deeper: [TableDescriptor]
    package let reason: Reason

    /// Whether no older version of any input's key can be elsewhere.
    package var isBottom: Bool { deeper.isEmpty }

    package init(
        inputs: [TableDescriptor], targetLevel: Int, isTrivialMove: Bool, deeper: [TableDescriptor], reason: Reason
    ) {
        self.inputs = inputs
        self.targetLevel = targetLevel
        self.isTrivialMove = isTrivialMove
        self.deeper = deeper
        self.reason = reason
    }
}
