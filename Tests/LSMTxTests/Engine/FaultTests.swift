import LSMTx
import LSMTxSimulation
import LSMTxTestSupport
import Testing

/// Every call of a short workload fails once, or from then on.
@Suite struct FaultTests {
    #if DEBUG
    static let everyCall = 7
    #else
    static let everyCall = 1
    #endif

    static let effects: [FaultDevice.Effect] = [
        .failure(.io), .failure(.diskFull), .failureHalfway(.io), .failureHalfway(.diskFull), .shortRead,
    ]

    @Test(arguments: effects, [false, true])
    func aFailedCallLosesNothingThatWasPromised(effect: FaultDevice.Effect, isSticky: Bool) throws {
        let clean = try FaultRun()
        try clean.run(nil)
        let calls = clean.device.callCount()
        #expect(calls > 90)
        // The runs of a debug build begin at different calls, so that together they fail most of them.
        var call = (Self.effects.firstIndex(of: effect) ?? 0) * 2 % Self.everyCall + (isSticky ? 1 : 0)
        if Self.everyCall == 1 { call = 0 }
        while call < calls {
            let fault = FaultDevice.Fault(nil, call: call, isSticky: isSticky, effect)
            let failure = failure {
                try FaultRun().run(fault)
            }
            if let failure {
                Issue.record("\(fault): \(failure)")
                return
            }
            call += Self.everyCall
        }
    }

    /// The background worker and the log keeper meet the fault, or a commit does; which one is up to their timing.
    @Test(arguments: effects, [false, true])
    func aFailureInTheBackgroundHangsNobody(effect: FaultDevice.Effect, isSticky: Bool) throws {
        for call in stride(from: isSticky ? 1 : 0, to: 110, by: Self.everyCall * 2) {
            let fault = FaultDevice.Fault(nil, call: call, isSticky: isSticky, effect)
            let failure = failure {
                try FaultRun(background: true).run(fault)
            }
            if let failure {
                Issue.record("\(fault): \(failure)")
                return
            }
        }
    }

    /// Runs `body` on a thread of its own and says what went wrong: that it does not end is one such thing.
    private func failure(_ body: @escaping @Sendable () throws -> Void) -> String? {
        let outcome = Guarded<String?>(nil)
        let thread = try? WorkerThread(name: "fault") {
            var failure = ""
            do { try body() } catch { failure = "\(error)" }
            outcome.withLock { $0 = failure }
            outcome.notifyAll()
        }
        guard thread != nil else { return "there is no thread" }
        let failure = outcome.wait(timeoutMilliseconds: 300_000) { $0 } ?? "the store hangs"
        return failure.isEmpty ? nil : failure
    }

    @Test func withoutSpaceNothingIsCommittedAndWithSpaceEverythingGoesOn() throws {
        let base = CrashDevice()
        try EngineFixture.format(base)
        let device = FaultDevice(base)
        let database = try EngineFixture.open(device)
        var committed = 0
        var refused = 0
        for round in 0..<6 {
            device.setFault(round % 2 == 1 ? .init(.reserve, call: 0, isSticky: true, .failure(.diskFull)) : nil)
            for _ in 0..<60 {
                let code = EngineFixture.code {
                    try database.write(durability: .buffered) { t in
                        try t.put("n", "\(committed + 1)")
                        try t.put("filler", [UInt8](repeating: 3, count: 3_000))
                    }
                }
                switch code {
                case nil: committed += 1
                case .diskFull: refused += 1
                default: Issue.record("round \(round): a commit ended with \(String(describing: code))")
                }
                #expect(try database.read { try $0.get("n") } == (committed == 0 ? nil : Array("\(committed)".utf8)))
            }
            if round % 2 == 0 { #expect(committed >= 60 * (round / 2 + 1)) }
        }
        #expect(refused > 50)
        device.setFault(nil)
        try database.flush()
        #expect(ExtentAudit.findings(in: database.engine) == [])
        try database.close()
        let again = try EngineFixture.open(base)
        #expect(try again.read { try $0.get("n") } == Array("\(committed)".utf8))
    }
}
