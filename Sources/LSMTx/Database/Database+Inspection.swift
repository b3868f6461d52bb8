/// What the command line shows of a store's inside.
extension Database {
    /// Walks all that the tables hold: see ``Engine/inspect(now:ageLimits:progress:)``.
    ///
    /// - Throws: `closed`, `corrupt`, `io`, and what `progress` throws.
    package func inspect(
        now: Int64, ageLimits: [Int64], progress: (_ done: UInt64, _ total: UInt64) throws -> Void
    ) throws -> StoreInspection {
        try core.usingDevice {
            try core.engine.inspect(now: now, ageLimits: ageLimits, progress: progress)
        }
    }
}
