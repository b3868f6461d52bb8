import LSMTxSimulation
import Testing

@testable import LSMTx

/// Damaged tables: never a wrong value, never a trap.
@Suite struct TableDamageTests {
    private static func model() -> [ModelVersion] {
        var random = SeededGenerator(seed: 11)
        return (0..<24 as Range<UInt8>).flatMap { key in
            (1...(key == 7 ? 12 : 1)).map { version in
                ModelVersion(
                    key: Array("key/".utf8) + [key], timestamp: UInt64(version), kind: key == 3 ? .tombstone : .value,
                    value: key == 3 ? [] : (0..<12).map { _ in UInt8.random(in: 0...255, using: &random) })
            }
        }
    }

    /// Reads everything by every way, and returns whether anything threw. What is read must be right.
    private static func exercise(_ fixture: TableFixture, _ comment: String) -> Bool {
        var threw = false
        var seen: Set<[UInt8]> = []
        for version in fixture.model {
            do {
                let found = try fixture.find(version.key, at: version.timestamp)
                if found != version { Issue.record("\(comment): a wrong version of \(version.key)") }
            } catch {
                threw = true
            }
            guard seen.insert(version.key).inserted else { continue }
            let absent = version.key + [1]
            if let found = try? fixture.find(absent, at: 99) { Issue.record("\(comment): found \(found)") }
        }
        if !scan(fixture, backward: false, comment) { threw = true }
        if !scan(fixture, backward: true, comment) { threw = true }
        var cursor = fixture.table.versions()
        var all: [ModelVersion] = []
        do {
            try cursor.seekToFirst()
            while let version = cursor.version {
                all.append(version)
                try cursor.next()
            }
            if all != fixture.model { Issue.record("\(comment): wrong versions") }
        } catch {
            threw = true
            if all != Array(fixture.model.prefix(all.count)) { Issue.record("\(comment): wrong versions before it") }
        }
        return threw
    }

    /// Returns whether the scan reached its end; what it gave until then must be right.
    private static func scan(_ fixture: TableFixture, backward: Bool, _ comment: String) -> Bool {
        let forward = fixture.visible(at: 5)
        let expected = backward ? forward.reversed() : forward
        var cursor = fixture.table.cursor(at: Timestamp(rawValue: 5))
        var given: [ModelVersion] = []
        do {
            if backward { try cursor.seekToLast() } else { try cursor.seekToFirst() }
            while let version = cursor.version {
                given.append(version)
                if backward { try cursor.previous() } else { try cursor.next() }
            }
            if given != expected { Issue.record("\(comment): a wrong scan") }
            return true
        } catch {
            if given != Array(expected.prefix(given.count)) { Issue.record("\(comment): a wrong scan before it") }
            // It stays failed, and does not pass for the end.
            if (try? cursor.next()) != nil { Issue.record("\(comment): a failed cursor moved") }
            return false
        }
    }

    private static func flip(_ fixture: TableFixture, at offset: UInt64, bit: UInt8) throws {
        var byte = [0 as UInt8]
        try byte.withUnsafeMutableBytes { _ = try fixture.device.read(into: $0, at: offset) }
        byte[0] ^= 1 << bit
        try byte.withUnsafeBytes { try fixture.device.write($0, at: offset) }
    }

    @Test func aFlippedBitInAnyByteIsNeverAWrongValue() throws {
        let fixture = try TableFixture(Self.model(), blockBytes: 160)
        let properties = try fixture.table.readProperties()
        let used = try #require(fixture.descriptor.extents.first)
        #expect(fixture.descriptor.extents.count == 1)
        let end = fixture.descriptor.properties.range.end
        let header = FileRange(offset: used.offset, length: UInt64(ExtentHeader.blockBytes))
        var damagedBlocks = 0
        for offset in used.offset..<end {
            let place = FileRange(offset: offset, length: 1)
            let bit = UInt8(offset * 5 % 8)
            try Self.flip(fixture, at: offset, bit: bit)
            let damaged = fixture.reopened()
            let threw = Self.exercise(damaged, "offset \(offset) bit \(bit)")
            let isHarmless = header.contains(place) || properties.filter.range.contains(place)
            #expect(threw != isHarmless, "offset \(offset) bit \(bit)")
            let findings = try damaged.table.verify().findings
            #expect(findings.count >= 1, "offset \(offset) bit \(bit)")
            if !threw || findings.contains(where: { $0.location.structure == "data block" }) { damagedBlocks += 1 }
            try Self.flip(fixture, at: offset, bit: bit)
        }
        #expect(damagedBlocks > 0)
        #expect(!Self.exercise(fixture.reopened(), "repaired"))
    }

    @Test func aDamagedBlockCostsItsOwnKeysOnly() throws {
        let fixture = try TableFixture(Self.model(), blockBytes: 160)
        let epoch = Epoch.pin()
        let pointer = try fixture.table.index().pointee.pointer(1)
        Epoch.unpin(epoch)
        try Self.flip(fixture, at: pointer.offset + 40, bit: 0)
        let damaged = fixture.reopened()
        var lost: [[UInt8]] = []
        var keys: KeyRange?
        for version in fixture.model {
            do {
                #expect(try damaged.find(version.key, at: version.timestamp) == version)
            } catch {
                #expect(error.code == .corrupt)
                keys = error.location.keys
                lost.append(version.key)
            }
        }
        let range = try #require(keys)
        #expect(!lost.isEmpty && lost.allSatisfy { range.contains($0) })
        #expect(lost.count < fixture.model.count / 2)
        #expect(try damaged.table.verify().findings.count == 1)
    }

    /// Payloads are mutated, and every checksum up to the descriptor made right again: an attacker's file.
    @Test(arguments: [BlockKind.data, .index, .filter, .properties])
    func hostileStructureNeverTraps(kind: BlockKind) throws {
        #if DEBUG
        let rounds = 300
        #else
        let rounds = 5_000
        #endif
        let fixture = try TableFixture(Self.model(), blockBytes: 160)
        var random = SeededGenerator(seed: UInt64(kind.rawValue))
        for round in 0..<rounds {
            let hostile = try Self.mutated(fixture, kind: kind, using: &random)
            // Values may differ, since an attacker can write any; but nothing may trap, and cursors must end.
            _ = try? hostile.table.verify()
            for version in fixture.model { _ = try? hostile.find(version.key, at: version.timestamp) }
            for backward in [false, true] {
                var cursor = hostile.table.cursor(at: .max)
                var steps = 0
                _ = try? backward ? cursor.seekToLast() : cursor.seekToFirst()
                while cursor.isValid, steps < 1000 {
                    steps += 1
                    do throws(StoreError) {
                        if backward { try cursor.previous() } else { try cursor.next() }
                    } catch {
                        break
                    }
                }
                #expect(steps < 1000, "\(kind) round \(round)")
            }
            var cursor = hostile.table.versions()
            _ = try? cursor.seekToFirst()
            while cursor.isValid { if (try? cursor.next()) == nil { break } }
        }
    }

    /// A copy of the table with one block changed at random and all parents resealed.
    private static func mutated(
        _ fixture: TableFixture, kind: BlockKind, using random: inout SeededGenerator
    ) throws -> TableFixture {
        let table = fixture.table
        var properties = try table.readProperties()
        let index = try table.readIndex(properties.index)
        defer { index.unpin() }
        let view = IndexBlock.view(index)
        // Blocks in the order of the file, as payloads to be laid out anew.
        var data: [[UInt8]] = []
        for number in 0..<view.pointee.blockCount {
            data.append(try payload(fixture, view.pointee.pointer(number), .data))
        }
        var filter = try payload(fixture, properties.filter, .filter)
        if kind == .data { mutate(&data[Int.random(in: data.indices, using: &random)], &random) }
        if kind == .filter { mutate(&filter, &random) }

        let device = MemoryDevice()
        let allocator = try ExtentAllocator(used: [FileRange(offset: 0, length: 8192)])
        let file = StoreFile(
            device: device, identity: fixture.file.identity, allocator: allocator,
            extentBytes: fixture.file.extentBytes)
        var writer = ExtentWriter(file: file, table: fixture.descriptor.id, level: 1, born: TableFixture.born)
        var builder = IndexBlockBuilder()
        for (number, block) in data.enumerated() {
            let pointer = try write(block, .data, &writer)
            builder.add(pointer, newest: view.pointee.newest(number))
            guard let separator = view.pointee.separator(number) else { continue }
            separator.withBorrowed { separator in
                if let timestamp = view.pointee.spanTimestamp(number) {
                    builder.endBlock(lastKey: separator, lastTimestamp: timestamp, next: separator)
                } else {
                    let lower = BorrowedBytes(base: separator.base, count: separator.count - 1)
                    builder.endBlock(lastKey: lower, lastTimestamp: 0, next: separator)
                }
            }
        }
        var indexPayload = builder.encode(oldest: fixture.descriptor.smallestTimestamp.rawValue)
        if kind == .index { mutate(&indexPayload, &random) }
        let indexPointer = try write(indexPayload, .index, &writer)
        let filterPointer = try write(filter, .filter, &writer)
        properties = TableProperties(
            id: properties.id, statistics: properties.statistics, index: indexPointer, filter: filterPointer,
            rangeTombstones: nil)
        var propertiesPayload = properties.encode()
        if kind == .properties { mutate(&propertiesPayload, &random) }
        let propertiesPointer = try write(propertiesPayload, .properties, &writer)
        try writer.finish()
        let descriptor = TableDescriptor(
            id: fixture.descriptor.id, level: 1, born: TableFixture.born, extents: writer.extents,
            properties: propertiesPointer, statistics: fixture.descriptor.statistics)
        return TableFixture(device: device, file: file, descriptor: descriptor, model: fixture.model)
    }

    private static func payload(
        _ fixture: TableFixture, _ pointer: BlockPointer, _ kind: BlockKind
    ) throws -> [UInt8] {
        let block = try fixture.table.readBlock(pointer, kind: kind)
        defer { block.unpin() }
        return Table.payload(of: block, pointer).array
    }

    private static func write(
        _ payload: [UInt8], _ kind: BlockKind, _ writer: inout ExtentWriter
    ) throws -> BlockPointer {
        try writer.write(kind, payloadBytes: payload.count) { target in
            payload.withUnsafeBytes { target.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        }
    }

    private static func mutate(_ payload: inout [UInt8], _ random: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            // Most structure is at the beginning.
            let limit = Bool.random(using: &random) ? min(payload.count, 40) : payload.count
            let place = Int.random(in: 0..<limit, using: &random)
            switch UInt8.random(in: 0..<6, using: &random) {
            case 0: payload[place] = 0xff
            case 1: payload[place] = 0
            case 2: payload[place] &+= 1
            case 3: payload[place] = UInt8.random(in: 0...255, using: &random)
            case 4 where payload.count > 1: payload.removeLast(Int.random(in: 1..<payload.count, using: &random))
            default: payload.insert(UInt8.random(in: 0...255, using: &random), at: place)
            }
            if payload.isEmpty { payload = [0] }
        }
    }

    @Test func aDescriptorThatLiesIsRefused() throws {
        let fixture = try TableFixture(Self.model(), blockBytes: 160)
        let other = try TableFixture.build(Self.model().sorted(by: ModelVersion.isBefore), file: fixture.file, id: 10)
        let lie = TableDescriptor(
            id: fixture.descriptor.id, level: 1, born: TableFixture.born, extents: other.extents,
            properties: other.properties, statistics: other.statistics)
        let known = fixture.model[0]
        #expect(throws: StoreError.self) {
            try fixture.reopened(descriptor: lie).find(known.key, at: known.timestamp) == nil
        }
        var writer = ByteWriter()
        fixture.descriptor.encode(to: &writer)
        for count in 0..<writer.bytes.count {
            #expect(throws: StoreError.self) {
                try Array(writer.bytes.prefix(count)).withBorrowed { bytes in
                    var reader = ByteReader(bytes, structure: "manifest", fileOffset: 0)
                    _ = try TableDescriptor(from: &reader)
                }
            }
        }
        var random = SeededGenerator(seed: 5)
        for _ in 0..<5000 {
            var bytes = writer.bytes
            Self.mutate(&bytes, &random)
            _ = try? bytes.withBorrowed { bytes in
                var reader = ByteReader(bytes, structure: "manifest", fileOffset: 0)
                _ = try TableDescriptor(from: &reader)
            }
        }
    }
}

extension TableFixture {
    init(device: MemoryDevice, file: StoreFile, descriptor: TableDescriptor, model: [ModelVersion]) {
        self.init(
            device: device, file: file, cache: BlockCache(capacity: 1 << 20), descriptor: descriptor, model: model)
    }
}
