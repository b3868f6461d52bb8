import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// The extents of large values under savepoints: kept while a savepoint can bring the value back, given back once.
@Suite struct SavepointLargeValueTests {
    private struct Failure: Error {}

    private static func value(_ number: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 100_000)
    }

    private func pending(_ database: Database) -> Int { database.engine.file.allocator.pendingCount }

    private func audit(_ database: Database) -> [String] {
        ExtentAudit.findings(in: database.engine)
            + LargeValueAudit.findings(in: database.engine, hasOpenTransactions: false)
    }

    @Test func whatIsUndoneIsGivenBackAndWhatMayComeBackIsKept() throws {
        let (_, database) = try EngineFixture.newStore()
        let t = try database.begin()
        try t.put("a", Self.value(1))
        try t.put("b", Self.value(2))
        let outer = try t.savepoint()
        for number in 3..<6 {
            // Of these, only the latest can be asked for.
            try t.put("a", Self.value(number))
            #expect(pending(database) == 3)
        }
        let inner = try t.savepoint()
        try t.put("a", Self.value(6))
        #expect(pending(database) == 4)
        try t.deleteRange(.all)
        #expect(pending(database) == 3)
        try t.rollback(to: inner)
        #expect(try t.get("a") == Self.value(5) && t.get("b") == Self.value(2))
        try t.put("a", "short")
        #expect(pending(database) == 3)
        // The one of before `outer` can still come back, the one of before `inner` cannot.
        try t.release(inner)
        #expect(pending(database) == 2)
        try t.rollback(to: outer)
        #expect(pending(database) == 2)
        #expect(try t.get("a") == Self.value(1))
        try t.deleteRange(KeyRange(prefix: "b"))
        #expect(pending(database) == 2)
        try t.release(outer)
        #expect(pending(database) == 1)
        try t.commit()
        #expect(try database.read { try $0.get("a") } == Self.value(1))
        #expect(try database.read { try $0.get("b") } == nil)
        #expect(pending(database) == 1)
        #expect(audit(database) == [])
        try database.close()
    }

    @Test func anyEndGivesBackWhatIsNotCommitted() throws {
        let (device, database) = try EngineFixture.newStore()
        try database.write { try $0.put("a", "1") }
        for way in 0..<6 {
            var t: Transaction? = try database.begin(.snapshot)
            try t?.put("a", Self.value(1))
            try t?.put("b", Self.value(2))
            let outer = try #require(try t?.savepoint())
            try t?.put("a", Self.value(3))
            _ = try t?.savepoint()
            try t?.deleteRange(KeyRange(from: Array("a".utf8)))
            try t?.put("b", Self.value(4))
            #expect(pending(database) == 4, "way \(way)")
            if way >= 4 { try t?.rollback(to: outer) }
            switch way {
            case 0, 4: t?.rollback()
            case 1: t = nil
            case 2, 5:
                try database.write { try $0.put("a", "2") }
                #expect(EngineFixture.code { try t?.commit() } == .conflict)
            default:
                try t?.commit()
                #expect(try database.read { try $0.get("b") } == Self.value(4))
                #expect(try database.read { try $0.get("a") } == nil)
                #expect(pending(database) == 1)
                try database.write { try $0.put("a", "2") }
                try database.write { try $0.put("b", "2") }
                try database.flush()
            }
            if way != 3 { #expect(pending(database) == 0, "way \(way)") }
            #expect(audit(database) == [], "way \(way)")
        }
        try database.close()
        #expect(try device.length() < 700_000)
    }

    @Test func aDiskThatFillsUpInAClosureCostsTheClosureAlone() throws {
        let base = CrashDevice()
        try EngineFixture.format(base)
        let device = FaultDevice(base)
        let database = try EngineFixture.open(device)
        try database.write { t in
            try t.put("a", Self.value(1))
            let code = EngineFixture.code {
                try t.savepoint {
                    try t.put("a", Self.value(2))
                    device.setFault(.init(.reserve, call: 0, .failure(.diskFull)))
                    try t.put("b", Self.value(3))
                }
            }
            device.setFault(nil)
            #expect(code == .diskFull && pending(database) == 1)
        }
        #expect(try database.read { try $0.get("a") } == Self.value(1))
        #expect(try database.read { try $0.get("b") } == nil)
        #expect(audit(database) == [])
        try database.close()
    }

    @Test func anOpenScanKeepsValuesThatAreUndone() throws {
        let (_, database) = try EngineFixture.newStore()
        let t = try database.begin()
        try t.put("a", Self.value(1))
        let savepoint = try t.savepoint()
        try t.put("a", Self.value(2))
        try t.put("b", Self.value(3))
        var iterator: Scan.Iterator? = t.scan().makeIterator()
        try t.rollback(to: savepoint)
        try t.put("a", Self.value(4))
        #expect(pending(database) == 4)
        #expect(iterator?.next()?.value == Self.value(2))
        #expect(iterator?.next()?.value == Self.value(3))
        #expect(iterator?.next() == nil)
        iterator = nil
        try t.put("c", "1")
        // Of "a", the one that the savepoint has, and the one that counts.
        #expect(pending(database) == 2)
        try t.commit()
        #expect(try database.read { try $0.get("a") } == Self.value(4))
        #expect(audit(database) == [])
        try database.close()
    }

    /// The log has what counts and nothing else: no longer than that of a transaction that never wrote the rest.
    @Test func theLogHasWhatCounts() throws {
        var lengths: [UInt64] = []
        for isUndone in [false, true] {
            let (device, database) = try EngineFixture.newStore()
            let start = try #require(database.engine.log?.end.rawValue)
            let t = try database.begin()
            try t.put("a", "1")
            if isUndone {
                try? t.savepoint {
                    try t.put("a", Self.value(2))
                    for number in 0..<100 { try t.put("\(number)", [UInt8](repeating: 0, count: 300)) }
                    throw Failure()
                }
                try t.savepoint {
                    try t.put("c", [UInt8](repeating: 0, count: 300))
                    try t.put("d", Self.value(3))
                    try t.deleteRange(KeyRange(from: Array("c".utf8)))
                }
            } else {
                try t.deleteRange(KeyRange(from: Array("c".utf8)))
            }
            try t.delete("b")
            try t.commit()
            lengths.append(try #require(database.engine.log?.end.rawValue) - start)
            let again = try EngineFixture.open(EngineFixture.copy(device))
            #expect(try EngineFixture.contents(again) == [Entry(key: Array("a".utf8), value: Array("1".utf8))])
            #expect(audit(again) == [])
            try again.close()
            try database.close()
        }
        #expect(lengths[0] == lengths[1])
    }
}
