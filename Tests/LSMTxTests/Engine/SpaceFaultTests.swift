import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Every call of the device fails once while snapshots get and lose names, large values and range deletions are compacted,
/// and space is given back.
@Suite struct SpaceFaultTests {
    private struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    private typealias State = [[UInt8]: [UInt8]]

    private final class Run {
        let base = CrashDevice()
        let device: FaultDevice
        private var database: Database?
        /// What every acknowledged commit led to, and what one of which the outcome is unknown may have led to.
        private var state: State = [:]
        private var maybe: State?
        private var named: State?
        /// Whether the name may be there, or be gone, against what ``named`` says.
        private var nameIsUncertain = false
        /// Whether a call that failed for want of space can be made again.
        private let retries: Bool

        init(retries: Bool) throws {
            self.retries = retries
            device = FaultDevice(base)
            try EngineFixture.format(base)
        }

        private func open(_ device: any StorageDevice) throws(StoreError) -> Database {
            var options = EngineFixture.options()
            options.largeValueBytes = 600
            options.freeTailBytes = 16 << 10
            return try EngineFixture.open(device, options)
        }

        private static func contents(_ database: Database, at point: PointInTime = .latest) throws -> State {
            try database.read(at: point) { snapshot in
                var found: State = [:]
                for entry in snapshot.scan() { found[entry.key] = entry.value }
                return found
            }
        }

        /// Tries a call; after a lack of space once more, with space.
        private func attempt(_ what: String, _ body: () throws -> Void) throws -> StoreError.Code? {
            let failures = device.failureCount
            guard let code = EngineFixture.code(body) else { return nil }
            guard [.io, .diskFull, .poisoned, .outcomeUnknown].contains(code) else {
                throw Violation(description: "\(what) ended with \(code)")
            }
            guard code == .diskFull, retries, device.failureCount > failures else { return code }
            device.setFault(nil)
            try compare(what)
            if let again = EngineFixture.code(body) {
                throw Violation(description: "\(what), tried again with space, ended with \(again)")
            }
            return nil
        }

        private func write(_ number: Int, _ body: (Transaction, inout State) throws -> Void) throws {
            guard let database else { return }
            var written = state
            let code = try attempt("write \(number)") {
                written = state
                try database.write { t in
                    written = state
                    try body(t, &written)
                }
            }
            if code == nil { state = written }
            if code == .outcomeUnknown { maybe = written }
            try compare("write \(number)")
        }

        private func compare(_ what: String) throws {
            guard let database, !device.faultConcernsReading else { return }
            guard try Self.contents(database) == state else {
                throw Violation(description: "after \(what), the store holds something else")
            }
            guard let named, !nameIsUncertain else { return }
            guard try Self.contents(database, at: .named("a")) == named else {
                throw Violation(description: "after \(what), the named snapshot holds something else")
            }
        }

        func run(_ fault: FaultDevice.Fault?) throws {
            device.setFault(fault)
            do { database = try open(device) } catch { return try finish() }
            guard let database else { return }
            try write(0) { t, state in
                for key in 0..<600 {
                    let key = Array("k\(1000 + key)".utf8)
                    let value = [UInt8](repeating: 1, count: key.last == 55 ? 9_000 : 150)
                    try t.put(key, value)
                    state[key] = value
                }
            }
            let before = state
            let code = try attempt("createSnapshot") { try database.createSnapshot(named: "a") }
            if code == nil { named = before } else { nameIsUncertain = true }
            try compare("createSnapshot")
            try write(1) { t, state in
                try t.deleteRange(KeyRange(from: Array("k1100".utf8), upTo: Array("k1590".utf8)))
                for key in state.keys where !key.lexicographicallyPrecedes(Array("k1100".utf8)) {
                    if key.lexicographicallyPrecedes(Array("k1590".utf8)) { state[key] = nil }
                }
                let value = [UInt8](repeating: 2, count: 20_000)
                try t.put("k1200", value)
                state[Array("k1200".utf8)] = value
            }
            _ = try attempt("flush") { try database.flush() }
            try compare("flush")
            try compactAndGiveBack("with a name")
            if named != nil {
                if try attempt("dropSnapshot", { try database.dropSnapshot(named: "a") }) != nil {
                    nameIsUncertain = true
                } else {
                    named = nil
                }
            }
            try compactAndGiveBack("without a name")
            try write(2) { t, state in
                let value = [UInt8](repeating: 3, count: 50_000)
                try t.put("k1201", value)
                state[Array("k1201".utf8)] = value
            }
            if let code = EngineFixture.code({ try database.close() }), ![.io, .diskFull, .poisoned].contains(code) {
                throw Violation(description: "the close ended with \(code)")
            }
            try finish()
        }

        private func compactAndGiveBack(_ what: String) throws {
            guard let database else { return }
            _ = try attempt("compact \(what)") { try database.compact() }
            try compare("compact \(what)")
            for _ in 0..<2 { _ = try attempt("giveSpaceBack \(what)") { try database.engine.giveSpaceBack() } }
            try compare("giveSpaceBack \(what)")
        }

        private func finish() throws {
            database = nil
            device.setFault(nil)
            for (left, what) in [(base, "a kill"), (base.crashImage(choosing: .nothing), "a loss of power")] {
                let again = try open(left)
                let found = try Self.contents(again)
                guard found == state || found == maybe else {
                    throw Violation(description: "after \(what), the store holds something else")
                }
                if let named, !nameIsUncertain {
                    guard try Self.contents(again, at: .named("a")) == named else {
                        throw Violation(description: "after \(what), the named snapshot holds something else")
                    }
                }
                let findings = try again.check().findings.map(\.description) + ExtentAudit.findings(in: again.engine)
                guard findings.isEmpty else { throw Violation(description: "after \(what): \(findings)") }
                try again.close()
            }
        }
    }

    #if DEBUG
    private static let everyCall = 37
    #else
    private static let everyCall = 1
    #endif

    @Test(arguments: [DeviceCall.Kind.reserve, .punch, .truncate, .write, .writeDurably, .sync, .read])
    func aFailedCallLosesNothing(kind: DeviceCall.Kind) throws {
        let clean = try Run(retries: false)
        try clean.run(nil)
        let calls = clean.device.callCount(kind)
        #expect(calls > 0)
        let step = calls < 20 ? 1 : kind == .reserve ? Self.everyCall / 4 + 1 : Self.everyCall
        for code in [StoreError.Code.io, .diskFull] {
            for isSticky in [false, true] {
                for call in stride(from: isSticky ? 0 : step / 2, to: calls, by: isSticky ? step * 4 : step) {
                    let fault = FaultDevice.Fault(kind, call: call, isSticky: isSticky, .failure(code))
                    do {
                        try Run(retries: kind == .reserve).run(fault)
                    } catch {
                        Issue.record("\(fault): \(error)")
                        return
                    }
                }
            }
        }
    }
}
