import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// A block that cannot be read costs its keys, and not the rest of a session.
@Suite struct DamagedCloseTests {
    private static func key(_ number: Int) -> [UInt8] { Array("key \(100_000 + number)".utf8) }

    @Test func aDamagedBlockIsNoReasonNotToClose() throws {
        let (device, database) = try EngineFixture.newStore()
        try database.write { t in
            for key in 0..<400 { try t.put(Self.key(key), [UInt8](repeating: 7, count: 100)) }
        }
        try database.compact()
        try database.close()
        var again = try EngineFixture.open(device)
        let first = try #require(again.engine.versions.current.tables.first?.descriptor.extents.first)
        try device.write([UInt8](repeating: 0x55, count: 8), at: first.offset + 6_000)

        // Much of the table is garbage now, so that a close would compact it.
        try again.write { t in for key in 0..<300 { try t.put(Self.key(key), [UInt8](repeating: 8, count: 100)) } }
        try again.close()

        again = try EngineFixture.open(device)
        #expect(again.engine.versions.superblock.isClean)
        #expect(try again.read { try $0.get(Self.key(5)) } == [UInt8](repeating: 8, count: 100))
        #expect(try again.read { try $0.get(Self.key(399)) } == [UInt8](repeating: 7, count: 100))
        #expect(try again.check().findings.count == 1)
        #expect(ExtentAudit.findings(in: again.engine) == [])
        try again.close()
    }
}
