import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Tables that an edit removes while something reads them.
@Suite struct ObsoleteTableTests {
    private static let keys = 400

    /// A store with one table of level 0, and nothing cached of it.
    private func storeWithATable() throws -> (device: MemoryDevice, database: Database, table: TableDescriptor) {
        let (device, database) = try EngineFixture.newStore()
        try database.write { t in for key in 0..<Self.keys { try t.put(Self.key(key), Self.value(key)) } }
        try database.flush()
        let table = try #require(database.engine.versions.current.levels[0].first?.descriptor)
        return (device, database, table)
    }

    private static func key(_ number: Int) -> String { "key \(10_000 + number)" }

    private static func value(_ number: Int) -> String { String(repeating: "\(number) ", count: 20) }

    private func apply(_ edit: VersionEdit, to engine: Engine) throws {
        let version = try engine.versions.apply(edit) { _ in }
        engine.state.withLock { engine.replaceView($0, version: version) }
    }

    /// Fills whatever space is free, so that a block that was given up early would be overwritten.
    private func overwriteFreeSpace(of engine: Engine) throws {
        for range in engine.file.allocator.freeRanges {
            try engine.file.device.write([UInt8](repeating: 0xa5, count: Int(range.length)), at: range.offset)
        }
    }

    private func isFree(_ table: TableDescriptor, in engine: Engine) -> Bool {
        let free = engine.file.allocator.freeRanges
        return table.extents.allSatisfy { extent in
            free.contains { $0.offset <= extent.offset && extent.end <= $0.end }
        }
    }

    @Test func anIteratorReadsARemovedTableToItsEndAndThenItsExtentsAreFree() throws {
        let (_, database, table) = try storeWithATable()
        let engine = database.engine
        let snapshot = try database.snapshot()
        var iterator: Scan.Iterator? = snapshot.scan().makeIterator()
        for key in 0..<3 { #expect(iterator?.next()?.key == Array(Self.key(key).utf8)) }

        try apply(VersionEdit(removed: [table.id]), to: engine)
        Epoch.drain()
        #expect(engine.file.allocator.heldRanges == table.extents.sorted { $0.offset < $1.offset })
        #expect(ExtentAudit.findings(in: engine) == [])
        #expect(try database.check().findings.isEmpty)
        try overwriteFreeSpace(of: engine)
        for key in 3..<Self.keys {
            let entry = iterator?.next()
            #expect(entry?.key == Array(Self.key(key).utf8) && entry?.value == Array(Self.value(key).utf8))
        }
        #expect(!engine.file.allocator.heldRanges.isEmpty)
        #expect(iterator?.next() == nil)

        iterator = nil
        Epoch.drain()
        #expect(engine.file.allocator.heldRanges.isEmpty)
        #expect(isFree(table, in: engine))
        #expect(ExtentAudit.findings(in: engine) == [])
        snapshot.close()
        try database.close()
    }

    /// The object of either level may be the last to be read.
    @Test(arguments: [false, true]) func aMovedTableKeepsItsExtentsUntilBothObjectsAreGone(oldLast: Bool) throws {
        let (_, database, table) = try storeWithATable()
        let engine = database.engine
        var old: ReadView? = engine.currentView()
        try apply(VersionEdit(added: [table.moved(toLevel: 2)], removed: [table.id]), to: engine)
        Epoch.drain()
        #expect(engine.versions.current.levels.map(\.count) == [0, 0, 1])
        #expect(engine.file.allocator.heldRanges.isEmpty && !isFree(table, in: engine))
        #expect(ExtentAudit.findings(in: engine) == [])
        #expect(try database.read { try $0.get(Self.key(7)) } == Array(Self.value(7).utf8))

        var new: ReadView? = engine.currentView()
        try apply(VersionEdit(removed: [table.id]), to: engine)
        Epoch.drain()
        #expect(!engine.file.allocator.heldRanges.isEmpty)
        withExtendedLifetime((old, new)) {}
        if oldLast { new = nil } else { old = nil }
        try overwriteFreeSpace(of: engine)
        if let view = oldLast ? old : new {
            let iterator = MergingIterator(view: view, at: .max, range: .all)
            try iterator.seekToLast()
            #expect(iterator.key.array == Array(Self.key(Self.keys - 1).utf8))
            #expect(!engine.file.allocator.heldRanges.isEmpty)
        }
        old = nil
        new = nil
        Epoch.drain()
        #expect(engine.file.allocator.heldRanges.isEmpty && isFree(table, in: engine))
        try database.close()
    }

    @Test func aMoveSurvivesAReopening() throws {
        let (device, database, table) = try storeWithATable()
        try apply(VersionEdit(added: [table.moved(toLevel: 1)], removed: [table.id]), to: database.engine)
        try database.close()
        let again = try EngineFixture.open(device)
        #expect(again.engine.versions.current.levels.map(\.count) == [0, 1])
        #expect(try EngineFixture.contents(again).count == Self.keys)
        #expect(try again.check().findings.isEmpty)
        try again.close()
    }

    @Test func anEditThatChangesTheTableThatItMovesIsCorruption() throws {
        let (_, database, table) = try storeWithATable()
        let changed = TableDescriptor(
            id: table.id, level: 1, born: table.born.next, extents: table.extents, properties: table.properties,
            statistics: table.statistics)
        let edit = VersionEdit(added: [changed], removed: [table.id])
        #expect(EngineFixture.code { try apply(edit, to: database.engine) } == .corrupt)
        try database.close()
    }

    @Test func aCloseFreesWhatOnlyDeadViewsHeld() throws {
        let (device, database, table) = try storeWithATable()
        try apply(VersionEdit(removed: [table.id]), to: database.engine)
        try database.close()
        let allocator = database.engine.file.allocator
        #expect(allocator.heldRanges.isEmpty)
        #expect(try device.length() == allocator.end)
        #expect(
            allocator.retiredRanges.isEmpty
                && !database.engine.versions.current.tables.contains { $0.descriptor.id == table.id })
        #expect(ExtentAudit.findings(in: database.engine) == [])
    }

    @Test func anIteratorThatOutlivesTheCloseKeepsItsExtents() throws {
        let (device, database, table) = try storeWithATable()
        let snapshot = try database.snapshot()
        var iterator: Scan.Iterator? = snapshot.scan().makeIterator()
        #expect(iterator?.next()?.key == Array(Self.key(0).utf8))
        try apply(VersionEdit(removed: [table.id]), to: database.engine)
        try database.close()
        #expect(!database.engine.file.allocator.heldRanges.isEmpty)
        for key in 1..<Self.keys { #expect(iterator?.next()?.key == Array(Self.key(key).utf8)) }
        iterator = nil
        #expect(database.engine.file.allocator.heldRanges.isEmpty)

        // What the close could not cut off is free for the next to open the store.
        let again = try EngineFixture.open(device)
        #expect(try EngineFixture.contents(again).isEmpty)
        #expect(try again.check().findings.isEmpty)
        try again.close()
    }
}
