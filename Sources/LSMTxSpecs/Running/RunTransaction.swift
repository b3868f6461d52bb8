/// A transaction of a run: what the oracles need, and what a history says besides.
struct RunTransaction {
    var record: OracleTransaction
    /// Its process in the history.
    var process: Int
    var snapshot: UInt64?
    var commit: UInt64?
}

/// A mistake of the spec that shows only when it is run.
struct Misuse: Error {
    var found: String
    var expected: String
}
