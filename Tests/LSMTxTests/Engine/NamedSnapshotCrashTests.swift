import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Loss of power at any moment of naming states, dropping names and changing the retention.
@Suite struct NamedSnapshotCrashTests {
    #if DEBUG
    private static let seeds = 3
    private static let steps = 60
    #else
    private static let seeds = 40
    private static let steps = 200
    #endif

    /// What must be there whatever a crash leaves, and what the operation under way may change about it.
    private final class Promise: @unchecked Sendable {
        // @unchecked: the device calls its hook on the one thread that runs the workload.
        var names: [String: [UInt8]] = [:]
        var underWay: (name: String, state: [UInt8]?)?
        var retentions: [Retention] = [.snapshotsOnly]
        var failure: String?
        var states = 0
        var choices: SeededGenerator

        init(seed: UInt64) { choices = SeededGenerator(seed: ~seed) }

        func check(_ point: CrashPoint) {
            guard failure == nil, Int.random(in: 0..<4, using: &choices) == 0 else { return }
            let outcomes = point.states(seed: choices.next(), random: 6, singles: 2).shuffled(using: &choices)
            for outcome in outcomes.prefix(4) + [.everything, .nothing] {
                do {
                    states += 1
                    try check(point.image(outcome))
                } catch {
                    failure = "\(point.moment), \(outcome): \(error)"
                }
            }
        }

        private func check(_ image: CrashDevice) throws {
            let database = try PastFixture.open(
                image, smallLogBytes: Bool.random(using: &choices) ? 4 << 10 : 1 << 20)
            var expected = names
            let listed = Set(try database.snapshots().map(\.name))
            if let underWay, listed.contains(underWay.name) != (names[underWay.name] != nil) {
                expected[underWay.name] = underWay.state
            }
            guard listed == Set(expected.keys) else { throw TimeTravelRun.Violation(description: "\(listed)") }
            guard retentions.contains(try database.retention) else {
                throw TimeTravelRun.Violation(description: "\(try database.retention)")
            }
            for (name, state) in expected {
                let found = try database.read(at: .named(name)) { try $0.get("number") }
                guard found == state else { throw TimeTravelRun.Violation(description: "\(name) is another state") }
            }
            guard ExtentAudit.findings(in: database.engine).isEmpty else {
                throw TimeTravelRun.Violation(description: "\(ExtentAudit.findings(in: database.engine))")
            }
            try database.close()
        }
    }

    @Test(arguments: 0..<seeds)
    func whatWasAcknowledgedIsThereAfterEveryLossOfPower(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let promise = Promise(seed: UInt64(seed))
        let device = CrashDevice()
        try EngineFixture.format(device, seed: UInt64(seed))
        var database = try PastFixture.open(device)
        device.onCrashPoint(everyWrites: 2) { promise.check($0) }
        var number = 0
        for step in 0..<Self.steps {
            let name = "name \(Int.random(in: 0..<4, using: &random))"
            switch Int.random(in: 0..<12, using: &random) {
            case 0..<3 where promise.names[name] == nil && number > 0:
                let state = Array("\(number)".utf8)
                promise.underWay = (name, state)
                try database.createSnapshot(named: name)
                promise.names[name] = state
                promise.underWay = nil
            case 3 where promise.names[name] != nil:
                promise.underWay = (name, nil)
                try database.dropSnapshot(named: name)
                promise.names[name] = nil
                promise.underWay = nil
            case 4:
                let retention = Retention(commits: UInt64.random(in: 0...5, using: &random))
                promise.retentions.append(retention)
                try database.setRetention(retention)
                promise.retentions = [retention]
            case 5: try database.flush()
            case 6 where step % 3 == 0:
                try database.close()
                database = try PastFixture.open(device)
            default:
                number += 1
                let isBuffered = Bool.random(using: &random)
                try database.write(durability: isBuffered ? .buffered : .sync) { t in
                    try t.put("number", "\(number)")
                    try t.put("k\(number % 7)", [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 500))
                }
            }
            if let failure = promise.failure {
                Issue.record("seed \(seed), step \(step): \(failure)")
                break
            }
        }
        device.removeHook()
        try database.close()
        #expect(promise.states > Self.steps)
    }

    /// Every call to the device fails once while a name is given, and while it is dropped.
    @Test(arguments: [StoreError.Code.diskFull, .io], [true, false])
    func aDeviceThatFailsLeavesTheNameThereOrNot(code: StoreError.Code, isDrop: Bool) throws {
        var call = 0
        while true {
            let base = CrashDevice()
            try EngineFixture.format(base)
            let device = FaultDevice(base)
            let database = try PastFixture.open(device)
            _ = try PastFixture.put(database, "k", "1")
            if isDrop { try database.createSnapshot(named: "a") }
            _ = try PastFixture.put(database, "k", "2")
            device.setFault(FaultDevice.Fault(nil, call: call, .failure(code)))
            let failure = EngineFixture.code {
                if isDrop { try database.dropSnapshot(named: "a") } else { try database.createSnapshot(named: "a") }
            }
            let hasFailed = device.failureCount > 0
            device.setFault(nil)
            let what = "call \(call), \(failure.map { "\($0)" } ?? "no failure")"
            if failure == .diskFull {
                // Nothing has changed, and it can be tried again.
                #expect(try database.snapshots().count == (isDrop ? 1 : 0), "\(what)")
                if isDrop { try database.dropSnapshot(named: "a") } else { try database.createSnapshot(named: "a") }
            }
            let isSure = failure == nil || failure == .diskFull
            try? database.close()
            let again = try PastFixture.open(base.crashImage(choosing: .everything))
            let names = try again.snapshots().map(\.name)
            if isSure { #expect(names == (isDrop ? [] : ["a"]), "\(what)") }
            if !names.isEmpty {
                #expect(try PastFixture.text(again, "k", at: .named("a")) == (isDrop ? "1" : "2"), "\(what)")
            }
            #expect(try PastFixture.text(again, "k", at: .latest) == "2", "\(what)")
            #expect(ExtentAudit.findings(in: again.engine) == [], "\(what)")
            try again.close()
            guard hasFailed else { break }
            call += 1
        }
        #expect(call >= 5)
    }
}
