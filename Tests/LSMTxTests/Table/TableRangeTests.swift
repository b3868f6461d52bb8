import LSMTxSimulation
import Testing

@testable import LSMTx

#if DEBUG
private let mutations = 4_000
#else
private let mutations = 60_000
#endif

@Suite struct TableRangeTests {
    private static func range(_ lower: [UInt8], _ upper: [UInt8]?, _ timestamp: UInt64) -> RangeTombstone {
        RangeTombstone(lower: lower, upper: upper, timestamp: Timestamp(rawValue: timestamp))
    }

    private static let ranges = [
        range([4], [9], 50), range([6], [20], 60), range([6], [7], 55), range([30], [31, 1], 50),
    ]

    /// A table of the keys 0 to 99 and some range tombstones.
    private static func build(_ ranges: [RangeTombstone]) throws -> (file: StoreFile, table: TableDescriptor) {
        let file = StoreFile(
            device: MemoryDevice(), identity: FileIdentity(high: 1, low: 2),
            allocator: try ExtentAllocator(used: [FileRange(offset: 0, length: 8192)]), extentBytes: 16 << 10)
        let versions = (0..<100).map {
            ModelVersion(key: [UInt8($0)], timestamp: 40 + UInt64($0), kind: .value, value: [UInt8($0)])
        }
        let history = RangeHistory(versions: ranges.isEmpty ? [] : versions, ranges: ranges)
        var options = TableOptions()
        options.blockBytes = 200
        return (file, try history.table(in: file, id: TableID(rawValue: 9), level: 1, options: options))
    }

    private static func open(_ file: StoreFile, _ table: TableDescriptor) -> Table {
        Table(descriptor: table, file: file, cache: BlockCache(capacity: 1 << 20))
    }

    private static func newest(_ table: Table, _ key: [UInt8]) throws(StoreError) -> UInt64 {
        let epoch = Epoch.pin()
        defer { Epoch.unpin(epoch) }
        return try key.withBorrowed { bytes throws(StoreError) in
            try table.newestRangeTombstone(covering: bytes, at: .max)
        }.rawValue
    }

    @Test func aTableSaysWhichOfItsRangeTombstonesCoverAKey() throws {
        let (file, descriptor) = try Self.build(Self.ranges)
        #expect(descriptor.statistics.rangeTombstoneCount == 4)
        #expect(descriptor.bounds == KeyRange(from: [0], upTo: [99, 0]))
        let table = Self.open(file, descriptor)
        for key in 0..<120 as Range<UInt8> {
            let covering = Self.ranges.filter { KeyRange(from: $0.lower, upTo: $0.upper).contains([key]) }
            #expect(try Self.newest(table, [key]) == covering.map(\.timestamp.rawValue).max() ?? 0)
        }
        let verification = try table.verify()
        #expect(verification.findings == [] && verification.rangeTombstoneCount == 4)
        var writer = ByteWriter()
        descriptor.encode(to: &writer)
        let decoded = try writer.bytes.withBorrowed { bytes throws(StoreError) in
            var reader = ByteReader(bytes, structure: "manifest", fileOffset: 0)
            return try TableDescriptor(from: &reader)
        }
        #expect(decoded == descriptor)
    }

    @Test func rangeTombstonesStretchATablesBounds() throws {
        for (ranges, bounds) in [
            ([Self.range([], [1], 3)], KeyRange(from: [], upTo: [99, 0])),
            ([Self.range([99, 0], nil, 200)], KeyRange(from: [0], upTo: nil)),
            ([Self.range([50], [200], 3), Self.range([0, 1], [3], 9)], KeyRange(from: [0], upTo: [200])),
        ] {
            let (file, descriptor) = try Self.build(ranges)
            #expect(descriptor.bounds == bounds)
            #expect(descriptor.smallestTimestamp.rawValue == min(40, ranges[0].timestamp.rawValue))
            #expect(descriptor.largestTimestamp.rawValue == max(139, ranges[0].timestamp.rawValue))
            #expect(try Self.open(file, descriptor).verify().findings == [])
        }
    }

    @Test func damagedRangeTombstonesCostTheKeysThatTheyCoverAndNoOthers() throws {
        let (file, descriptor) = try Self.build(Self.ranges)
        let pointer = try #require(try Self.open(file, descriptor).readProperties().rangeTombstones)
        try file.device.write([0xaa], at: pointer.offset + UInt64(SealedBlock.headerBytes) + 3)
        let table = Self.open(file, descriptor)
        for key in [3, 32, 99] as [UInt8] { #expect(try Self.newest(table, [key]) == 0) }
        for key in [4, 10, 25, 31] as [UInt8] {
            do throws(StoreError) {
                _ = try Self.newest(table, [key])
                Issue.record("key \(key) was read")
            } catch {
                #expect(error.code == .corrupt && error.location.structure == "range tombstones")
                #expect(error.location.keys == KeyRange(from: [4], upTo: [31, 1]))
            }
        }
        let findings = try table.verify().findings
        #expect(findings.map(\.location.structure) == ["range tombstones"])
        let version = try Version.empty.applying(VersionEdit(added: [descriptor])) { _ in table }
        let view = ReadView(memtables: [], version: version)
        let walk = MergingIterator(view: view, at: .max, range: .all)
        try [].withBorrowed { key throws(StoreError) in try walk.seek(to: key) }
        var seen = 0
        #expect(throws: StoreError.self) {
            while walk.isValid {
                seen += 1
                try walk.next()
            }
        }
        #expect(seen == 4)
        // A scan of other keys reads none of them.
        let rest = MergingIterator(view: view, at: .max, range: KeyRange(from: [40]))
        try [40].withBorrowed { key throws(StoreError) in try rest.seek(to: key) }
        #expect(rest.isValid && rest.key.array == [40])
    }

    @Test func noBytesInPlaceOfTheBlockDoMoreThanFail() throws {
        let (file, descriptor) = try Self.build(Self.ranges)
        let set = try #require(try Self.open(file, descriptor).readRangeTombstones())
        let good = RangeTombstoneBlock.encode(set, smallest: descriptor.smallestTimestamp)
        func decode(_ bytes: [UInt8]) throws(StoreError) -> RangeTombstones {
            try bytes.withBorrowed { bytes throws(StoreError) in
                try RangeTombstoneBlock.decode(bytes, expecting: descriptor.statistics, fileOffset: 0)
            }
        }
        #expect(try decode(good).list == set.list)
        for count in 0..<good.count {
            #expect(throws: StoreError.self) { try decode(Array(good.prefix(count))) }
        }
        #expect(throws: StoreError.self) { try decode(good + [0]) }
        var random = SeededGenerator(seed: 11)
        var accepted = 0
        for _ in 0..<mutations {
            var bytes = good
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: bytes[place] = 0xff
                case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 2: bytes[place] &+= 1
                case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                default: if bytes.count > 1 { bytes.remove(at: place) }
                }
            }
            guard let found = try? decode(bytes) else { continue }
            accepted += 1
            #expect(found.count == set.count && found.lower.array == set.lower.array)
            _ = found.list
        }
        #expect(accepted < mutations / 2)
    }

    @Test func aTableOfRangeTombstonesAloneHasOneEntryThatSaysNothingNew() throws {
        let file = try Self.build(Self.ranges).file
        let history = RangeHistory(
            versions: [], ranges: [Self.range([5], nil, 8), Self.range([2], [9], 3), Self.range([2], [4], 7)])
        let descriptor = try history.table(in: file, id: TableID(rawValue: 10), level: 0, options: TableOptions())
        let table = Self.open(file, descriptor)
        #expect(descriptor.statistics.entryCount == 1 && descriptor.statistics.tombstoneCount == 1)
        #expect(descriptor.bounds == KeyRange(from: [2]))
        var cursor = table.versions()
        try cursor.seekToFirst()
        let found = cursor.version
        #expect(found == ModelVersion(key: [2], timestamp: 7, kind: .tombstone, value: []))
        #expect(try table.verify().findings == [])
    }
}
