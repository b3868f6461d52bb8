import LSMTxTestSupport
import Testing

@testable import LSMTx

/// References whose checksums are right and whose contents are not.
@Suite struct HostileLargeValueTests {
    private static let value = [UInt8](repeating: 7, count: 100_000)

    private static func pages(_ offset: UInt64, _ count: Int = 100_000) -> LargeValueReference {
        LargeValueReference(offset: offset, count: count, checksum: 1, born: Generation(rawValue: 1))
    }

    @Test func aReferenceThatNoFileCanHaveIsRefused() {
        let wrong = [
            Self.pages(1), Self.pages(4095), Self.pages(.max), Self.pages(.max - 4095), Self.pages(1 << 44),
            Self.pages((1 << 44) - 4096), Self.pages(1 << 63), Self.pages(8192, 0),
            Self.pages(8192, Limits.maximumValueBytes + 1), Self.pages(8192, Int(UInt32.max)),
        ]
        for reference in wrong {
            #expect(reference.withEncoded { LargeValueReference($0) == nil }, "\(reference)")
            // A log record and a block that have it are refused as a whole.
            var batch = WriteBatch()
            reference.withEncoded { batch.put(key: .empty, value: $0, kind: .largeValue) }
            #expect(throws: StoreError.self) {
                try WriteOperations.validate(batch.bytes, count: 1, structure: "test", fileOffset: 0)
            }
        }
        let right = Self.pages((1 << 44) - 102_400)
        #expect(right.withEncoded { LargeValueReference($0) } == right)
        #expect(right.extent.end == 1 << 44)
        for count in [0, 1, 27, 29, 100] {
            #expect(
                [UInt8](repeating: 0, count: count).withUnsafeBytes { LargeValueReference(BorrowedBytes($0)) } == nil)
        }
    }

    /// Commits references as they are, past the checks of a transaction.
    private func commit(_ references: [(key: String, reference: LargeValueReference)], to database: Database) throws {
        let writes = WriteSet()
        defer { writes.deallocate() }
        for (key, reference) in references {
            Array(key.utf8).withUnsafeBytes { writes.put(key: BorrowedBytes($0), large: reference) }
        }
        _ = try database.core.commit(
            DatabaseCore.CommitOrder(
                writes: writes, conflictSet: nil, start: database.timestamp, isDurable: true, label: nil))
    }

    private func written(in database: Database) throws -> LargeValueReference {
        try Self.value.withUnsafeBytes { bytes in try database.core.writeLargeValue(BorrowedBytes(bytes)) }
    }

    private enum Claim: CaseIterable { case twice, overlapping, superblock, log, pastTheEnd }

    /// A log or a memtable that names pages of others neither traps nor becomes a table.
    @Test func aRecordThatNamesPagesOfOthersIsDamage() throws {
        for claim in Claim.allCases {
            let (device, database) = try EngineFixture.newStore()
            let own = try written(in: database)
            let other =
                switch claim {
                case .twice: own
                case .overlapping: Self.pages(own.offset + 8192)
                case .superblock: Self.pages(0)
                case .log: Self.pages(try #require(database.engine.log?.extents.first?.offset))
                case .pastTheEnd: Self.pages(1 << 40)
                }
            try commit([("a", own), ("b", other)], to: database)
            #expect(try database.read { try $0.get("a") } == Self.value)
            if claim != .twice { #expect(EngineFixture.code { _ = try database.read { try $0.get("b") } } == .corrupt) }
            let killed = try EngineFixture.copy(device)
            #expect(EngineFixture.code { try database.flush() } == .corrupt, "\(claim)")
            #expect(EngineFixture.code { try database.close() } == .poisoned, "\(claim)")
            for readOnly in [true, false] {
                var options = EngineFixture.options()
                options.isReadOnly = readOnly
                let code = EngineFixture.code {
                    _ = try Database(
                        device: killed, path: nil, configuration: EngineFixture.configuration, options: options)
                }
                #expect(code == .corrupt, "\(claim)")
            }
        }
    }

    @Test func aDescriptorWithValuesOutOfRangeIsRefused() throws {
        func decode(_ numbers: [UInt64]) -> [FileRange]? {
            let (_, database) = (try? EngineFixture.newStore()) ?? (MemoryDevice(), nil)
            guard let database, (try? database.write { try $0.put("k", "v") }) != nil, (try? database.flush()) != nil,
                let table = database.engine.versions.current.tables.first
            else { return nil }
            var writer = ByteWriter()
            table.descriptor.encode(to: &writer)
            var rest = ByteWriter()
            for number in numbers { rest.varint(number) }
            let bytes = writer.bytes.dropLast() + rest.bytes
            return bytes.withUnsafeBytes { bytes in
                var reader = ByteReader(BorrowedBytes(bytes), structure: "test", fileOffset: 0)
                return try? TableDescriptor(from: &reader).largeValues
            }
        }
        #expect(decode([0]) == [])
        #expect(decode([1, 5, 2]) == [FileRange(offset: 20_480, length: 8192)])
        let pages = Limits.maximumFileBytes / 4096
        #expect(decode([1, pages - 1, 1])?.first?.end == Limits.maximumFileBytes)
        for numbers: [UInt64] in [
            [1, pages, 1], [1, pages - 1, 2], [1, 5, 0], [1, 0, .max], [1, .max, 1], [1, .max, .max], [2, 5, 2, 6, 2],
            [1], [.max, 1, 1],
        ] {
            #expect(decode(numbers) == nil, "\(numbers)")
        }
    }
}
