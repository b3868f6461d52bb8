extension Spec {
    /// What a step does.
    public enum Action: Sendable, Equatable {
        /// A session's operation.
        case transaction(Operation)
        /// An operation of the database itself.
        case database(DatabaseOperation)
    }

    /// What a session does in its transaction.
    public enum Operation: Sendable, Equatable {
        /// Begins a transaction. Without it, a session's first operation does.
        case begin(readOnly: Bool)
        /// Reads a key: a value or none.
        case get([UInt8])
        /// Writes.
        case write(Write)
        /// Reads a range: a list of entries.
        case scan(Scan)
        /// Opens a cursor of this name on a range. Nothing is read yet.
        case open(cursor: String, Scan)
        /// Reads so many entries from a cursor, one at least: a list, shorter at the end of the range.
        case next(cursor: String, count: Int)
        /// Marks a point to which one can go back.
        case savepoint(String)
        /// Undoes what was written since a savepoint, and ends those that were taken after it.
        case rollbackTo(String)
        /// Forgets a savepoint, and those that were taken after it, and keeps the writes.
        case release(String)
        /// Makes the commit depend on a key, or on a range when there is a high bound, as if it had been read.
        case guardReads([UInt8], upTo: [UInt8]?)
        /// Commits.
        case commit
        /// Rolls back.
        case rollback

        /// Whether the transaction is over afterwards, however it goes.
        public var endsTransaction: Bool { self == .commit || self == .rollback }
    }

    /// A change of the contents.
    public enum Write: Sendable, Equatable {
        /// Gives a key a value.
        case put([UInt8], Operand)
        /// Takes a key away.
        case delete([UInt8])
        /// Takes all keys of a range away, the high bound not included.
        case deleteRange([UInt8], [UInt8])
    }

    /// What a scan or a cursor goes over.
    public struct Scan: Sendable, Equatable {
        /// The keys.
        public enum Bounds: Sendable, Equatable {
            /// From the first key up to the second, that one not included.
            case range([UInt8], [UInt8])
            /// All keys that begin so.
            case prefix([UInt8])
        }

        /// The keys.
        public var bounds: Bounds
        /// How many entries at most, from 1.
        public var limit: Int?
        /// Whether it goes from the highest key to the lowest.
        public var isReversed = false
    }

    /// Bytes, or what a variable holds.
    public enum Operand: Sendable, Equatable {
        /// Bytes.
        case bytes([UInt8])
        /// What a variable holds, plus a number when that is not 0: then what it holds must be a decimal integer.
        case variable(String, plus: Int)
    }

    /// What the database itself does.
    public enum DatabaseOperation: Sendable, Equatable {
        /// Moves what is in memory to a table.
        case flush
        /// Compacts what is due, or everything into one level.
        case compact(full: Bool)
        /// Closes the database. Open transactions are gone.
        case close
        /// Opens it again after it was closed, or after a crash.
        case reopen
        /// The process dies, and the power goes. Open transactions are gone.
        case crash
        /// Arms the failpoint of this name with an action, for the next time that it is passed.
        case failpoint(String, action: String)
        /// Counts the versions that are stored of a key.
        case versions([UInt8])
    }
}
