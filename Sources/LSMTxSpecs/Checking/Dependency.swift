/// Why one transaction must come before another one.
package struct Dependency {
    package enum Kind: UInt8 {
        /// The second replaced what the first had written.
        case writeWrite
        /// The second read what the first had written.
        case writeRead
        /// The second replaced what the first had read.
        case readWrite
        /// The second replaced what the first had seen, or not seen, in a scan.
        case scanWrite
        /// Both are of one process.
        case session
        /// The first had completed before the second began.
        case realTime

        package var isAntiDependency: Bool { self == .readWrite || self == .scanWrite }

        package var text: String {
            switch self {
            case .writeWrite: "ww"
            case .writeRead: "wr"
            case .readWrite, .scanWrite: "rw"
            case .session: "session"
            case .realTime: "realtime"
            }
        }
    }

    package var kind: Kind
    package var from: Int32
    package var to: Int32
    /// The key; -1 if there is none.
    package var key: Int32 = -1
    /// The reader's statement in `writeRead`, `readWrite` and `scanWrite`.
    package var statement: Int32 = 0
}
