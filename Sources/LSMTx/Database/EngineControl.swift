/// What tests and the spec runner steer of a store beside its public interface. It is for a store without background
/// threads, which does nothing by itself.
package struct EngineControl: Sendable {
    private let core: DatabaseCore

    package init(_ database: Database) { core = database.core }

    /// Moves what is in memory to tables, and compacts nothing.
    ///
    /// - Throws: `diskFull`, `io`, `poisoned`, `closed`.
    package func flush() throws(StoreError) {
        let engine = core.engine
        try core.committing { pipeline throws(StoreError) in
            try pipeline.freezeForFlush()
            while engine.hasFrozenMemtables { try engine.flushOldest() }
        }
    }

    /// Compacts tables: what is due, or all of them into one level.
    ///
    /// - Throws: `diskFull`, `io`, `corrupt`, `poisoned`, `closed`.
    package func compact(full: Bool) throws {
        try core.usingDevice {
            if full { try core.engine.compact(.all) { _, _ in } }
            try core.engine.compactAll()
        }
    }

    /// How many versions of a key are stored, deletions among them. Deleted ranges are not counted.
    ///
    /// - Throws: `io`, `corrupt`, `closed`.
    package func versions(of key: [UInt8]) throws(StoreError) -> Int {
        try core.usingDevice { () throws(StoreError) in try core.engine.versions(of: key) }
    }

    /// Throws what a scan has ended with too early, without waiting for the commit to do so.
    package static func checkScans(of transaction: Transaction) throws(StoreError) { try transaction.checkScans() }

    /// Throws what a scan has ended with too early.
    package static func checkScans(of snapshot: Snapshot) throws(StoreError) { try snapshot.checkScans() }
}
