import LSMTxSimulation
import Testing

@testable import LSMTx

@Suite struct LevelCursorTests {
    #if DEBUG
    private static let rounds = 30
    #else
    private static let rounds = 200
    #endif

    /// Random moves against the sorted versions of the level, with changes of direction and moves past the ends.
    @Test(arguments: TableKeyShape.allCases, [1, 2] as [UInt64])
    func movesAgreeWithTheModel(shape: TableKeyShape, seed: UInt64) throws {
        let fixture = try LevelFixture(shape: shape, count: 1500, seed: seed)
        var random = SeededGenerator(seed: seed &+ 7)
        for tables in fixture.view.version.levels.dropFirst() where !tables.isEmpty {
            let versions = try tables.flatMap { try Self.versions(of: $0) }
            for round in 0..<Self.rounds {
                let first = Int.random(in: tables.indices, using: &random)
                let bounds = Bool.random(using: &random) ? tables.indices : first..<tables.count
                let timestamp = LevelFixture.timestamp(&random)
                let lowest = tables[bounds.lowerBound].descriptor.smallestKey
                let expected = LevelFixture.visible(versions, at: timestamp).filter {
                    !$0.key.lexicographicallyPrecedes(lowest)
                }
                var cursor = LevelCursor(tables, in: bounds, at: Timestamp(rawValue: timestamp))
                #expect(cursor.version == nil)
                var place: Int?
                for step in 0..<60 {
                    place = try Self.move(&cursor, from: place, in: expected, fixture: fixture, random: &random)
                    guard cursor.version == place.map({ expected[$0] }) else {
                        Issue.record("\(shape), seed \(seed), round \(round), step \(step)")
                        return
                    }
                }
            }
        }
    }

    private static func versions(of table: Table) throws -> [ModelVersion] {
        var cursor = table.versions()
        var result: [ModelVersion] = []
        try cursor.seekToFirst()
        while let version = cursor.version {
            result.append(version)
            try cursor.next()
        }
        return result
    }

    private static func move(
        _ cursor: inout LevelCursor, from place: Int?, in expected: [ModelVersion], fixture: LevelFixture,
        random: inout SeededGenerator
    ) throws -> Int? {
        switch Int.random(in: 0..<12, using: &random) {
        case 0:
            try cursor.seekToFirst()
            return expected.isEmpty ? nil : 0
        case 1:
            try cursor.seekToLast()
            return expected.isEmpty ? nil : expected.count - 1
        case 2:
            let key = fixture.someKey(&random)
            try key.withBorrowed { bytes throws(StoreError) in try cursor.seek(to: bytes) }
            return expected.firstIndex { !$0.key.lexicographicallyPrecedes(key) }
        case 3:
            let key = fixture.someKey(&random)
            try key.withBorrowed { bytes throws(StoreError) in try cursor.seekBackward(before: bytes) }
            return expected.lastIndex { $0.key.lexicographicallyPrecedes(key) }
        case 4..<8:
            try cursor.next()
            return place.flatMap { $0 + 1 < expected.count ? $0 + 1 : nil }
        default:
            try cursor.previous()
            return place.flatMap { $0 > 0 ? $0 - 1 : nil }
        }
    }

    @Test func onlyTheTableThatItStandsInIsOpened() throws {
        let fixture = try LevelFixture(shape: .random, count: 1500, seed: 3)
        let tables = fixture.view.version.levels[3]
        try #require(tables.count > 3)
        var cursor = LevelCursor(tables, in: tables.indices, at: .max)
        let key = tables[2].descriptor.smallestKey
        try key.withBorrowed { bytes throws(StoreError) in try cursor.seek(to: bytes) }
        #expect(cursor.version?.key == key)
        let opened = tables.map { BlockCache.block(in: $0.indexSlot) != nil }
        #expect(opened.firstIndex(of: true) == 2 && opened.lastIndex(of: true) == 2)
    }

    @Test func damageInTheNextTableIsThrownAtEveryMoveAndPassedByASeek() throws {
        let fixture = try LevelFixture(shape: .random, count: 1500, seed: 4)
        let tables = fixture.view.version.levels[3]
        try #require(tables.count > 2)
        let properties = tables[1].descriptor.properties
        for extent in tables[1].descriptor.extents {
            let length = Int(min(extent.end, properties.offset) - extent.offset)
            try fixture.device.write([UInt8](repeating: 0xa5, count: length), at: extent.offset)
        }
        var cursor = LevelCursor(tables, in: tables.indices, at: .max)
        let last = tables[0].descriptor.largestKey
        try last.withBorrowed { bytes throws(StoreError) in try cursor.seek(to: bytes) }
        #expect(cursor.version != nil)
        for _ in 0..<3 {
            let hasFailed = Self.failsToMove(&cursor)
            #expect(hasFailed)
            #expect(cursor.version == nil)
        }
        let third = tables[2].descriptor.smallestKey
        try third.withBorrowed { bytes throws(StoreError) in try cursor.seek(to: bytes) }
        #expect(cursor.version?.key == third)
    }

    private static func failsToMove(_ cursor: inout LevelCursor) -> Bool {
        do throws(StoreError) {
            try cursor.next()
            return false
        } catch {
            return error.code == .corrupt
        }
    }
}

extension LevelCursor {
    fileprivate var version: ModelVersion? {
        guard isValid else { return nil }
        return ModelVersion(
            key: key.array, timestamp: entry.timestamp.rawValue, kind: entry.kind, value: entry.value.array)
    }
}
