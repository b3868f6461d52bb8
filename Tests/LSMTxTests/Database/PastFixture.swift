import LSMTxTestSupport
import Synchronization

@testable import LSMTx

/// A wall clock that a test sets.
final class ManualClock: Sendable {
    private let milliseconds: Atomic<UInt64>

    init(_ milliseconds: UInt64 = 1_800_000_000_000) { self.milliseconds = Atomic(milliseconds) }

    var now: UInt64 { milliseconds.load(ordering: .relaxed) }

    func advance(_ milliseconds: Int64) {
        self.milliseconds.store(now &+ UInt64(bitPattern: milliseconds), ordering: .relaxed)
    }
}

/// Small stores whose retention and clock a test chooses.
enum PastFixture {
    static func open(
        _ device: any StorageDevice, retention: Retention? = nil, clock: ManualClock? = nil, readOnly: Bool = false,
        background: Bool = false, smallLogBytes: Int = 16 << 10
    ) throws(StoreError) -> Database {
        var options = EngineFixture.options(background: background, smallLogBytes: smallLogBytes)
        options.retention = retention
        options.isReadOnly = readOnly
        if let clock { options.wallClock = { clock.now } }
        var configuration = EngineFixture.configuration
        configuration.readOnly = readOnly
        return try Database(device: device, path: nil, configuration: configuration, options: options)
    }

    static func newStore(
        _ retention: Retention?, clock: ManualClock? = nil, background: Bool = false
    ) throws(StoreError) -> (device: MemoryDevice, database: Database) {
        let device = MemoryDevice()
        try EngineFixture.format(device)
        return (device, try open(device, retention: retention, clock: clock, background: background))
    }

    static func put(_ database: Database, _ key: String, _ value: String) throws -> Timestamp {
        let transaction = try database.begin(.snapshot)
        try transaction.put(key, value)
        return try transaction.commit()
    }

    static func text(_ database: Database, _ key: String, at point: PointInTime) throws -> String? {
        try database.read(at: point) { try $0.get(key).map { String(decoding: $0, as: UTF8.self) } }
    }

    /// Everything is overwritten and compacted, so that what nothing holds is gone.
    static func churn(_ database: Database, rounds: Int = 16) throws {
        for round in 0..<rounds {
            try database.write { t in
                for key in 0..<20 { try t.put("churn \(key)", "round \(round)") }
            }
            try database.flush()
        }
    }
}
