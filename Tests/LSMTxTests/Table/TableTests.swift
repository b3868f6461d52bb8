import LSMTxSimulation
import Testing

@testable import LSMTx

#if DEBUG
private let modelEntries = 150
private let probes = 80
#else
private let modelEntries = 600
private let probes = 600
#endif

@Suite struct TableTests {
    private struct Case: CustomTestStringConvertible {
        let shape: TableKeyShape
        let seed: UInt64
        let cacheBytes: Int
        var testDescription: String { "\(shape.rawValue), seed \(seed), cache \(cacheBytes)" }
    }

    private static let cases = TableKeyShape.allCases.flatMap { shape in
        [(1 as UInt64, 1 << 20), (2, 0), (3, 6000)].map { Case(shape: shape, seed: $0, cacheBytes: $1) }
    }

    private static let timestamps: [UInt64] = [0, 1, 17, 300, 500, 999, 1000, .max]

    private static func timestamp(_ random: inout SeededGenerator) -> UInt64 {
        Bool.random(using: &random)
            ? timestamps.randomElement(using: &random)! : UInt64.random(in: 0...1001, using: &random)
    }

    @Test(arguments: cases)
    private func findGivesTheNewestVersionAtOrBeforeTheTimestamp(_ test: Case) throws {
        let fixture = try TableFixture(
            test.shape.model(count: modelEntries, seed: test.seed), cacheBytes: test.cacheBytes)
        var random = SeededGenerator(seed: test.seed &+ 100)
        for _ in 0..<probes {
            let known = Bool.random(using: &random)
            let key = known ? fixture.model.randomElement(using: &random)!.key : test.shape.key(&random)
            let timestamp = Self.timestamp(&random)
            let found = try fixture.find(key, at: timestamp)
            #expect(found == fixture.expected(key, at: timestamp), "\(test.testDescription) \(key) at \(timestamp)")
        }
    }

    @Test(arguments: cases)
    private func cursorsGiveWhatIsVisibleInBothDirections(_ test: Case) throws {
        let fixture = try TableFixture(
            test.shape.model(count: modelEntries, seed: test.seed), cacheBytes: test.cacheBytes)
        for timestamp in Self.timestamps {
            let expected = fixture.visible(at: timestamp)
            var cursor = fixture.table.cursor(at: Timestamp(rawValue: timestamp))
            var forward: [ModelVersion] = []
            try cursor.seekToFirst()
            while let version = cursor.version {
                forward.append(version)
                try cursor.next()
            }
            #expect(forward == expected, "\(test.testDescription) forward at \(timestamp)")
            var backward: [ModelVersion] = []
            try cursor.seekToLast()
            while let version = cursor.version {
                backward.append(version)
                try cursor.previous()
            }
            #expect(backward == expected.reversed(), "\(test.testDescription) backward at \(timestamp)")
        }
    }

    @Test(arguments: cases)
    private func cursorsMayChangeDirectionAnywhere(_ test: Case) throws {
        let fixture = try TableFixture(
            test.shape.model(count: modelEntries, seed: test.seed), cacheBytes: test.cacheBytes)
        var random = SeededGenerator(seed: test.seed &+ 200)
        for _ in 0..<8 {
            let timestamp = Self.timestamp(&random)
            let expected = fixture.visible(at: timestamp)
            var cursor = fixture.table.cursor(at: Timestamp(rawValue: timestamp))
            var place: Int? = nil
            for _ in 0..<probes / 2 {
                switch UInt8.random(in: 0..<12, using: &random) {
                case 0:
                    try cursor.seekToFirst()
                    place = expected.isEmpty ? nil : 0
                case 1:
                    try cursor.seekToLast()
                    place = expected.isEmpty ? nil : expected.count - 1
                case 2, 3:
                    let key = Self.target(test.shape, fixture, &random)
                    try key.withBorrowed { try cursor.seek(to: $0) }
                    place = expected.firstIndex { !$0.key.lexicographicallyPrecedes(key) }
                case 4, 5:
                    let key = Self.target(test.shape, fixture, &random)
                    try key.withBorrowed { try cursor.seekBackward(before: $0) }
                    place = expected.lastIndex { $0.key.lexicographicallyPrecedes(key) }
                case 6, 7, 8:
                    try cursor.next()
                    place = place.flatMap { $0 + 1 < expected.count ? $0 + 1 : nil }
                default:
                    try cursor.previous()
                    place = place.flatMap { $0 > 0 ? $0 - 1 : nil }
                }
                try #require(
                    cursor.version == place.map { expected[$0] }, "\(test.testDescription) at \(timestamp)")
            }
        }
    }

    private static func target(
        _ shape: TableKeyShape, _ fixture: TableFixture, _ random: inout SeededGenerator
    ) -> [UInt8] {
        let known = fixture.model.randomElement(using: &random)!.key
        switch UInt8.random(in: 0..<5, using: &random) {
        case 0: return shape.key(&random)
        case 1: return known + [0]
        case 2: return Array(known.dropLast())
        default: return known
        }
    }

    @Test(arguments: cases)
    private func theVersionCursorGivesEverything(_ test: Case) throws {
        let fixture = try TableFixture(
            test.shape.model(count: modelEntries, seed: test.seed), cacheBytes: test.cacheBytes)
        var cursor = fixture.table.versions()
        try cursor.seekToFirst()
        var all: [ModelVersion] = []
        while let version = cursor.version {
            all.append(version)
            try cursor.next()
        }
        #expect(all == fixture.model, "\(test.testDescription)")
        var random = SeededGenerator(seed: test.seed)
        for _ in 0..<20 {
            let key = Self.target(test.shape, fixture, &random)
            try key.withBorrowed { try cursor.seek(to: $0) }
            #expect(cursor.version == fixture.model.first { !$0.key.lexicographicallyPrecedes(key) })
        }
    }

    @Test(arguments: cases)
    private func aSoundTableVerifiesAndItsDescriptorSurvivesEncoding(_ test: Case) throws {
        let fixture = try TableFixture(
            test.shape.model(count: modelEntries, seed: test.seed), cacheBytes: test.cacheBytes)
        let result = try fixture.table.verify()
        #expect(result.findings == [], "\(test.testDescription)")
        #expect(result.entryCount == UInt64(fixture.model.count))
        #expect(result.keyCount == UInt64(Set(fixture.model.map(\.key)).count))
        #expect(fixture.descriptor.smallestKey == fixture.model.first?.key)
        #expect(fixture.descriptor.largestKey == fixture.model.last?.key)
        var writer = ByteWriter()
        fixture.descriptor.encode(to: &writer)
        let decoded = try writer.bytes.withBorrowed { bytes in
            var reader = ByteReader(bytes, structure: "manifest", fileOffset: 0)
            let decoded = try TableDescriptor(from: &reader)
            try reader.expectEnd()
            return decoded
        }
        #expect(decoded == fixture.descriptor)
    }

    @Test(arguments: cases)
    private func newestTimestampOfARangeIsExact(_ test: Case) throws {
        let fixture = try TableFixture(
            test.shape.model(count: modelEntries, seed: test.seed), cacheBytes: test.cacheBytes)
        var random = SeededGenerator(seed: test.seed &+ 300)
        let epoch = Epoch.pin()
        defer { Epoch.unpin(epoch) }
        for _ in 0..<probes {
            let lower = Self.target(test.shape, fixture, &random)
            let upper = Bool.random(using: &random) ? Self.target(test.shape, fixture, &random) : nil
            let after = Self.timestamp(&random)
            let range = KeyRange(from: lower, upTo: upper)
            let expected = fixture.model.filter { range.contains($0.key) && $0.timestamp > after }.map(\.timestamp)
                .max()
            let found = try lower.withBorrowed { lower in
                guard let upper else {
                    return try fixture.table.newestTimestamp(
                        from: lower, upTo: nil, after: Timestamp(rawValue: after))
                }
                return try upper.withBorrowed {
                    try fixture.table.newestTimestamp(from: lower, upTo: $0, after: Timestamp(rawValue: after))
                }
            }
            #expect(found?.rawValue == expected, "\(test.testDescription) \(range) after \(after)")
        }
    }

    @Test func oneKeyWithVersionsInManyBlocksIsFoundInOneBlock() throws {
        let model = (1...2000).map {
            ModelVersion(key: [7], timestamp: UInt64($0) * 2, kind: .value, value: Array("\($0)".utf8))
        }
        let fixture = try TableFixture(model, blockBytes: 256)
        for timestamp in stride(from: 0 as UInt64, through: 4001, by: 7) {
            #expect(try fixture.find([7], at: timestamp) == fixture.expected([7], at: timestamp))
        }
        var cursor = fixture.table.cursor(at: Timestamp(rawValue: 1001))
        try cursor.seekToLast()
        #expect(cursor.version?.timestamp == 1000)
        try cursor.previous()
        let isValid = cursor.isValid
        #expect(!isValid)
    }

    @Test func largeValuesHaveBlocksAndExtentsOfTheirOwn() throws {
        let sizes = [0, 600, 65_000, 70_000, 300_000, 3, 1_000_000]
        let model = sizes.enumerated().map { index, size in
            ModelVersion(
                key: [UInt8(index)], timestamp: 5, kind: .value, value: [UInt8](repeating: UInt8(index), count: size))
        }
        let fixture = try TableFixture(model)
        for version in model { #expect(try fixture.find(version.key, at: 5) == version) }
        #expect(try fixture.table.verify().isSound)
        var cursor = fixture.table.versions()
        try cursor.seekToFirst()
        var index = 0
        while cursor.isValid {
            #expect(cursor.version == model[index])
            index += 1
            try cursor.next()
        }
        #expect(index == model.count)
        let long = [UInt8](repeating: 1, count: Limits.maximumKeyBytes)
        let keys = [
            ModelVersion(key: long, timestamp: 5, kind: .value, value: [1]),
            ModelVersion(key: Array(long.dropLast()) + [2], timestamp: 5, kind: .tombstone, value: []),
        ]
        let longKeys = try TableFixture(keys)
        for version in keys { #expect(try longKeys.find(version.key, at: 9) == version) }
        #expect(try longKeys.table.verify().isSound)
    }

    @Test func spaceThatIsNotUsedGoesBack() throws {
        let fixture = try TableFixture(TableKeyShape.random.model(count: 200, seed: 1), extentBytes: 1 << 20)
        #expect(fixture.descriptor.extents.count == 1)
        #expect(fixture.descriptor.fileBytes < 1 << 20)
        #expect(fixture.file.allocator.freeRanges.count == 1)
        let builder = TableBuilder(
            file: fixture.file, id: TableID(rawValue: 10), level: 0, generation: TableFixture.born)
        let free = fixture.file.allocator.freeRanges
        let value = [UInt8](repeating: 1, count: 100_000)
        for index in 0..<20 as Range<UInt8> {
            try value.withBorrowed { value in
                try [index].withBorrowed {
                    try builder.add(key: $0, timestamp: .zero, kind: .value, value: value)
                }
            }
        }
        builder.abandon()
        let end = fixture.file.allocator.cutTail()
        #expect(end <= free[0].offset)
    }

    @Test func aRestIsGivenBackBetweenExtentsOnlyWhenItIsUseful() throws {
        let model = (0..<4 as Range<UInt8>).map {
            ModelVersion(key: [$0], timestamp: 1, kind: .value, value: [UInt8](repeating: $0, count: 600_000))
        }
        let fixture = try TableFixture(model, extentBytes: 1 << 20)
        #expect(fixture.descriptor.extents.count == 4)
        #expect(fixture.descriptor.fileBytes < 2_500_000)
        #expect(try fixture.table.verify().isSound)
    }
}
