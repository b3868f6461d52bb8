/// The rows of the report, in its order.
enum Row: String, CaseIterable, Codable, Sendable {
    case fill
    case mixed = "mixed:2"
    case get = "readrandom"
    case getTwo = "readrandom:2"
    case lend = "readrandom-lent"
    case missing = "readmissing"
    case sequential = "readseq"
    case reverse = "readreverse"
    case seek = "seek+10"
    case modify = "transaction:1"
    case modifyTwo = "transaction:2"
    case modifyEight = "transaction:8"
    case modifyZipf = "transaction-zipf:1"
    case modifyZipfTwo = "transaction-zipf:2"
    case modifyZipfEight = "transaction-zipf:8"
    case transfer = "transfer:1"
    case transferTwo = "transfer:2"
    case transferEight = "transfer:8"
    case transferZipf = "transfer-zipf:1"
    case transferZipfTwo = "transfer-zipf:2"
    case transferZipfEight = "transfer-zipf:8"
    case counter = "counter:1"
    case counterTwo = "counter:2"
    case counterEight = "counter:8"
    case mutate = "mutate:1"
    case mutateTwo = "mutate:2"
    case mutateEight = "mutate:8"
    case rawSync = "raw-sync"
    case rawDurableWrite = "raw-dsync"
    case synced = "put-sync:1"
    case syncedFour = "put-sync:4"
    case syncedSixteen = "put-sync:16"
    case bytes
    case allocated
    case reopen
    case compact
    case erase = "delete-range"

    enum Unit: String {
        case perSecond = "/s"
        case megabytes = "MB"
        case milliseconds = "ms"
    }

    var unit: Unit {
        switch self {
        case .bytes, .allocated: .megabytes
        case .reopen, .compact: .milliseconds
        default: .perSecond
        }
    }

    /// The rate of the device, which has nothing to do with the engine.
    var isOfDevice: Bool { self == .rawSync || self == .rawDurableWrite }

    /// The value to reach, in the row's unit. Synced puts are measured against the device instead.
    func goal(rawSync: Double?) -> Double? {
        switch self {
        case .fill: 400_000
        case .bytes, .allocated: 75
        case .reopen: 5
        case .get, .lend: 1_000_000
        case .missing: 4_000_000
        case .sequential, .reverse: 10_000_000
        case .seek: 400_000
        case .synced: rawSync.map { $0 * 0.9 }
        case .modify: 400_000
        default: nil
        }
    }
}

/// One row's result in one run.
struct Sample: Codable, Sendable {
    let engine: String
    let row: Row
    let run: Int
    /// In the row's unit.
    let value: Double
    /// Processor nanoseconds for each operation, all threads together; 0 where that means nothing.
    let cpuNanoseconds: Double
    /// Of transactions: attempts that lost, for each hundred that succeeded, and the most that one took.
    var abortsPerHundred: Double?
    var mostAttempts: Int?
}
