internal import LSMTx

/// A session of a run and its transaction.
struct SpecSession {
    /// What a transaction is to the store.
    enum Handle {
        case transaction(Transaction)
        /// At read committed, a transaction that only reads is one that writes nothing: each statement reads anew.
        case snapshot(Snapshot)

        var reader: any Readable {
            switch self {
            case .transaction(let transaction): transaction
            case .snapshot(let snapshot): snapshot
            }
        }

        func checkScans() throws(StoreError) {
            switch self {
            case .transaction(let transaction): try EngineControl.checkScans(of: transaction)
            case .snapshot(let snapshot): try EngineControl.checkScans(of: snapshot)
            }
        }

        func end() {
            switch self {
            case .transaction(let transaction): transaction.rollback()
            case .snapshot(let snapshot): snapshot.close()
            }
        }
    }

    struct Cursor {
        var iterator: Scan.Iterator
        let number: Int
    }

    var process: Int
    /// The open transaction, and its place among those of the run.
    var handle: Handle?
    var place = 0
    var isReadOnly = false
    var cursors: [String: Cursor] = [:]
    var savepoints: [String: Savepoint] = [:]
    /// Its transaction was open when the database crashed or was closed, and the session has not heard of it.
    var isLost = false
    /// The lost transaction, if the process has lived on. It must not work any more.
    var stale: Handle?

    init(process: Int) { self.process = process }

    /// Leaves the transaction. What the iterators hold goes with them.
    mutating func leave() {
        cursors = [:]
        savepoints = [:]
        handle = nil
        isReadOnly = false
    }
}
