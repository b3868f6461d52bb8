import LSMTx
import LSMTxSimulation
import Testing

@Suite struct EngineControlTests {
    @Test func versionsAreCountedInMemoryAndInTables() throws {
        let (_, database) = try EngineFixture.newStore()
        let control = EngineControl(database)
        func put(_ value: String) throws {
            let transaction = try database.begin()
            try transaction.put("k", value)
            try transaction.put("k1", value)
            try transaction.commit()
        }
        #expect(try control.versions(of: Array("k".utf8)) == 0)
        let reader = try database.snapshot()
        try put("1")
        try put("2")
        #expect(try control.versions(of: Array("k".utf8)) == 2)
        try control.flush()
        try put("3")
        let second = try database.snapshot()
        try database.write { try $0.delete("k") }
        #expect(try control.versions(of: Array("k".utf8)) == 4)
        try control.flush()
        // What nobody can tell apart goes: before the first version, and between the first and the third.
        try control.compact(full: true)
        #expect(try control.versions(of: Array("k".utf8)) == 2)
        #expect(try second.get("k") == Array("3".utf8))
        #expect(try reader.get("k") == nil)
        second.close()
        reader.close()
        try control.compact(full: true)
        #expect(try control.versions(of: Array("k".utf8)) == 0)
        #expect(try control.versions(of: Array("k1".utf8)) == 1)
        #expect(try control.versions(of: Array("k0".utf8)) == 0)
    }

    @Test func aFlushCompactsNothing() throws {
        let (_, database) = try EngineFixture.newStore()
        let control = EngineControl(database)
        for round in 0..<6 {
            try database.write { try $0.put("k\(round)", "v") }
            try control.flush()
        }
        #expect(database.engine.versions.current.levels[0].count == 6)
        try control.compact(full: false)
        #expect(database.engine.versions.current.levels[0].count < 4)
        try database.close()
        #expect(throws: StoreError.self) { try control.flush() }
        #expect(throws: StoreError.self) { try control.versions(of: []) }
    }

    @Test func anAbandonedStoreWritesNothingWhenItIsClosed() throws {
        let (device, database) = try EngineFixture.newStore()
        try database.write { try $0.put("k", "v") }
        let before = try device.readAll()
        EngineControl(database).abandon()
        #expect(throws: StoreError.self) { try database.close() }
        #expect(try device.readAll() == before)
        let again = try EngineFixture.open(device)
        #expect(try again.read { try $0.get("k") } == Array("v".utf8))
    }
}
