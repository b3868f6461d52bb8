import LSMTx
import LSMTxSimulation
import LSMTxTestSupport

/// A short workload on a device of which one call fails, and what must be true of its outcome.
final class FaultRun {
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    private enum Outcome { case acknowledged, refused, unknown }

    let base = CrashDevice()
    let device: FaultDevice
    private var outcomes: [Outcome] = []
    private var durable: Set<Int> = []
    private var wasPoisoned = false
    private var isDiskFull = false

    private let background: Bool

    init(background: Bool = false) throws {
        self.background = background
        device = FaultDevice(base)
        try EngineFixture.format(base)
    }

    static let commits = 14

    /// Opens, commits, flushes, reads and closes, going on after every failure; then looks at what is left.
    func run(_ fault: FaultDevice.Fault?) throws {
        device.setFault(fault)
        isDiskFull = [.failure(.diskFull), .failureHalfway(.diskFull)].contains(fault?.effect)
        try runWorkload()
        device.setFault(nil)
        try check(base, from: { outcomes[$0] == .acknowledged }, "the process was killed")
        try check(base.crashImage(choosing: .nothing), from: { durable.contains($0) }, "the power failed")
    }

    private static func key(_ number: Int) -> [UInt8] { Array("k\(number)".utf8) }

    private static func value(_ number: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(number), count: number % 4 == 3 ? 30_000 : 500)
    }

    private func runWorkload() throws {
        let database: Database
        do {
            database = try EngineFixture.open(device, background: background)
        } catch {
            // Refused; nothing has been promised. The same handle may be tried again.
            outcomes = Array(repeating: .refused, count: Self.commits)
            return
        }
        for number in 0..<Self.commits {
            try commit(number, to: database)
            if number == 6 { _ = EngineFixture.code { try database.flush() } }
            try readBack(number, from: database)
        }
        _ = EngineFixture.code { try database.close() }
    }

    /// After a failed sync, whatever its reason, or a write that failed for another reason than want of space, nobody
    /// knows what is durable.
    private var hasPoison: Bool {
        // A background thread may be about to say so.
        guard !background else { return false }
        let failed = device.failedKinds
        return failed.contains(.sync) || (!isDiskFull && !failed.isDisjoint(with: [.write, .writeDurably]))
    }

    private func commit(_ number: Int, to database: Database) throws {
        let isDurable = number % 3 != 1
        let failuresBefore = device.failureCount
        let mustBePoisoned = hasPoison
        do {
            try database.write(durability: isDurable ? .sync : .buffered) { t in
                try t.put(Self.key(number), Self.value(number))
                try t.put("newest", "\(number)")
            }
            outcomes.append(.acknowledged)
            if isDurable { durable.formUnion((0...number).filter { outcomes[$0] == .acknowledged }) }
            guard !wasPoisoned, !mustBePoisoned else {
                throw Violation(description: "commit \(number) was accepted after the store was poisoned")
            }
        } catch let error as StoreError {
            guard !mustBePoisoned || error.code == .poisoned else {
                throw Violation(description: "commit \(number), after a failed write or sync, ended with: \(error)")
            }
            switch error.code {
            case .outcomeUnknown:
                outcomes.append(.unknown)
                wasPoisoned = true
            case .poisoned:
                outcomes.append(.refused)
                wasPoisoned = true
            case .diskFull, .io, .corrupt:
                outcomes.append(.refused)
                guard device.failureCount > failuresBefore || !wasPoisoned else {
                    throw Violation(description: "commit \(number) after the poison: \(error)")
                }
            default:
                throw Violation(description: "commit \(number) ended with \(error.code): \(error)")
            }
        }
    }

    /// Reads go on whatever happens to writes, and never give a wrong value.
    private func readBack(_ newest: Int, from database: Database) throws {
        for number in 0...newest {
            let found: [UInt8]?
            do {
                found = try database.read { try $0.get(Self.key(number)) }
            } catch let error as StoreError {
                guard device.faultConcernsReading else {
                    throw Violation(description: "reading \(number) failed: \(error)")
                }
                continue
            }
            let expected = outcomes[number] == .acknowledged ? Self.value(number) : nil
            guard found == expected else {
                throw Violation(
                    description: "commit \(number), \(outcomes[number]), reads as \(found?.count ?? -1) bytes")
            }
        }
    }

    /// Opens what is left: commits that were promised are there, refused ones are not, and all of it is a prefix of
    /// those that may be there.
    private func check(_ left: CrashDevice, from isPromised: (Int) -> Bool, _ what: String) throws {
        let database: Database
        do { database = try EngineFixture.open(left) } catch {
            throw Violation(description: "after \(what): \(error)")
        }
        var isEnded = false
        for number in 0..<Self.commits where outcomes[number] != .refused {
            let found = try database.read { try $0.get(Self.key(number)) }
            guard found == nil || (found == Self.value(number) && !isEnded) else {
                throw Violation(description: "after \(what), commit \(number) is wrong or follows a lost one")
            }
            if found == nil { isEnded = true }
            guard found != nil || !isPromised(number) else {
                throw Violation(description: "after \(what), commit \(number), \(outcomes[number]), is lost")
            }
        }
        for number in 0..<Self.commits where outcomes[number] == .refused {
            guard try database.read({ try $0.get(Self.key(number)) }) == nil else {
                throw Violation(description: "after \(what), commit \(number) is there, which was refused")
            }
        }
        let findings = ExtentAudit.findings(in: database.engine)
        guard findings.isEmpty else { throw Violation(description: "after \(what): \(findings)") }
        try database.write { try $0.put("later", "1") }
        try database.close()
        let again = try EngineFixture.open(left)
        guard try again.read({ try $0.get("later") }) != nil else {
            throw Violation(description: "after \(what), a later commit is lost")
        }
        try again.close()
    }
}
