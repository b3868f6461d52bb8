import LSMTxSimulation
import LSMTxTestSupport

@testable import LSMTx

/// A short workload of large values on a device of which one call fails, and what must be true of its outcome.
final class LargeValueFaultRun {
    private enum Outcome { case acknowledged, refused, unknown }

    let base = CrashDevice()
    let device: FaultDevice
    private var outcomes: [[UInt8]: Outcome] = [:]
    private var durable: Set<[UInt8]> = []
    /// What was acknowledged: the newest value of each key.
    private var expected: [[UInt8]: [UInt8]] = [:]
    private var poisoned = false

    init() throws {
        device = FaultDevice(base)
        try EngineFixture.format(base)
    }

    func run(_ fault: FaultDevice.Fault?) throws {
        device.setFault(fault)
        try runWorkload()
        device.setFault(nil)
        try check(base, "the process was killed") { self.outcomes[$0] == .acknowledged }
        try check(base.crashImage(choosing: .nothing), "the power failed") { self.durable.contains($0) }
    }

    private static func value(_ number: Int, _ count: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(number), count: count - 1) + [0xff]
    }

    private func runWorkload() throws {
        let database: Database
        do { database = try LargeValueRun.open(device) } catch { return }
        for number in 0..<7 {
            try commit(number, to: database)
            if number % 3 == 2 { _ = EngineFixture.code { try database.flush() } }
            try readBack(from: database)
        }
        try rollBack(database)
        if !poisoned, device.failureCount == 0 || !device.faultConcernsReading {
            let findings = ExtentAudit.findings(in: database.engine)
            // After a failure that poisons, the pages are whatever they are until the next open.
            guard findings.isEmpty || database.engine.poison.first != nil else {
                throw ModelMismatch(description: "\(findings)")
            }
        }
        _ = EngineFixture.code { try database.close() }
    }

    /// Every value under a key of its own, and the same key over and over.
    private func commit(_ number: Int, to database: Database) throws {
        let key = Array("k\(number)".utf8)
        let value = Self.value(number, 3_000 + number * 20_000)
        let isDurable = number % 3 != 1
        do {
            let transaction = try database.begin(.snapshot)
            defer { transaction.rollback() }
            try transaction.put(key, value)
            guard try transaction.get(key) == value else { throw ModelMismatch(description: "an own write is lost") }
            do {
                try transaction.put("over", Self.value(number, 5_000))
            } catch {
                // The transaction is as it was before the call, and can be committed.
                guard error.code != .poisoned, database.engine.poison.first == nil else { throw error }
                try transaction.put("over", Self.value(number, 5_000))
            }
            try transaction.put("over", Self.value(number, 70_000))
            try transaction.commit(durability: isDurable ? .sync : .buffered)
            guard !poisoned else { throw ModelMismatch(description: "\(number) was accepted after the poison") }
            outcomes[key] = .acknowledged
            expected[key] = value
            expected[Array("over".utf8)] = Self.value(number, 70_000)
            if isDurable { durable.formUnion(expected.keys) }
        } catch let error as StoreError {
            poisoned = poisoned || [.poisoned, .outcomeUnknown].contains(error.code)
            outcomes[key] = error.code == .outcomeUnknown ? .unknown : .refused
            guard [.poisoned, .outcomeUnknown, .diskFull, .io, .corrupt].contains(error.code) else { throw error }
        }
    }

    private func rollBack(_ database: Database) throws {
        guard let transaction = try? database.begin(.snapshot) else { return }
        _ = EngineFixture.code { try transaction.put("rolled back", Self.value(1, 50_000)) }
        transaction.rollback()
    }

    private func readBack(from database: Database) throws {
        for (key, value) in expected {
            do {
                guard try database.read({ try $0.get(key) }) == value else {
                    throw ModelMismatch(description: "\(key) reads wrongly")
                }
            } catch let error as StoreError {
                guard device.faultConcernsReading || device.failedKinds.contains(.length) else { throw error }
            }
        }
    }

    private func check(_ left: CrashDevice, _ what: String, isPromised: ([UInt8]) -> Bool) throws {
        let database = try LargeValueRun.open(left)
        for (key, outcome) in outcomes {
            let found = try database.read { try $0.get(key) }
            let number = Int(String(decoding: key.dropFirst(), as: UTF8.self)) ?? 0
            let isThere = found == Self.value(number, 3_000 + number * 20_000)
            guard isThere || (found == nil && !isPromised(key)), !isThere || outcome != .refused else {
                throw ModelMismatch(
                    description: "after \(what), \(key), \(outcome), has \(found?.count ?? -1) bytes")
            }
        }
        let findings =
            ExtentAudit.findings(in: database.engine)
            + LargeValueAudit.findings(in: database.engine, hasOpenTransactions: false)
        guard findings.isEmpty else { throw ModelMismatch(description: "after \(what): \(findings)") }
        let report = try database.check()
        guard report.findings.isEmpty else { throw ModelMismatch(description: "after \(what): \(report.findings)") }
        try database.close()
    }
}
