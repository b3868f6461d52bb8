import LSMTxSimulation
import Testing

@testable import LSMTx

/// One version in the model.
struct ModelVersion: Equatable {
    var key: [UInt8]
    var timestamp: UInt64
    var kind: EntryKind
    var value: [UInt8]

    static func isBefore(_ a: ModelVersion, _ b: ModelVersion) -> Bool {
        if a.key != b.key { return a.key.lexicographicallyPrecedes(b.key) }
        return a.timestamp > b.timestamp
    }
}

/// A table in memory, and what must be in it.
struct TableFixture {
    let device: MemoryDevice
    let file: StoreFile
    let cache: BlockCache
    let descriptor: TableDescriptor
    let table: Table
    let model: [ModelVersion]

    static let born = Generation(rawValue: 3)

    init(
        _ model: [ModelVersion], cacheBytes: Int = 1 << 20, extentBytes: UInt64 = 64 << 10, blockBytes: Int = 512
    ) throws {
        let sorted = model.sorted(by: ModelVersion.isBefore)
        let device = MemoryDevice()
        let allocator = try ExtentAllocator(used: [FileRange(offset: 0, length: 8192)])
        let file = StoreFile(
            device: device, identity: FileIdentity(high: 1, low: 2), allocator: allocator, extentBytes: extentBytes)
        var options = TableOptions()
        options.blockBytes = blockBytes
        let descriptor = try Self.build(sorted, file: file, options: options)
        self.init(
            device: device, file: file, cache: BlockCache(capacity: cacheBytes), descriptor: descriptor, model: sorted)
    }

    init(
        device: MemoryDevice, file: StoreFile, cache: BlockCache, descriptor: TableDescriptor, model: [ModelVersion]
    ) {
        self.device = device
        self.file = file
        self.cache = cache
        self.descriptor = descriptor
        self.model = model
        table = Table(descriptor: descriptor, file: file, cache: cache)
    }

    static func build(
        _ sorted: [ModelVersion], file: StoreFile, options: TableOptions = TableOptions(), id: UInt64 = 9
    ) throws -> TableDescriptor {
        let builder = TableBuilder(
            file: file, id: TableID(rawValue: id), level: 1, generation: born, options: options)
        for version in sorted {
            try version.key.withBorrowed { key in
                try version.value.withBorrowed { value in
                    try builder.add(
                        key: key, timestamp: Timestamp(rawValue: version.timestamp), kind: version.kind, value: value)
                }
            }
        }
        return try builder.finish()
    }

    /// The same bytes, seen by a table that has read nothing yet.
    func reopened(cacheBytes: Int = 1 << 20, descriptor: TableDescriptor? = nil) -> TableFixture {
        TableFixture(
            device: device, file: file, cache: BlockCache(capacity: cacheBytes),
            descriptor: descriptor ?? self.descriptor, model: model)
    }

    /// The newest version at or before `timestamp`.
    func expected(_ key: [UInt8], at timestamp: UInt64) -> ModelVersion? {
        model.first { $0.key == key && $0.timestamp <= timestamp }
    }

    /// What a cursor at `timestamp` gives, in order.
    func visible(at timestamp: UInt64) -> [ModelVersion] {
        var result: [ModelVersion] = []
        for version in model where version.timestamp <= timestamp && result.last?.key != version.key {
            result.append(version)
        }
        return result
    }

    func find(_ key: [UInt8], at timestamp: UInt64) throws(StoreError) -> ModelVersion? {
        let epoch = Epoch.pin()
        defer { Epoch.unpin(epoch) }
        return try key.withBorrowed { bytes throws(StoreError) in
            guard let entry = try table.find(bytes, hash: xxh3(bytes), at: Timestamp(rawValue: timestamp)) else {
                return nil
            }
            return ModelVersion(
                key: key, timestamp: entry.timestamp.rawValue, kind: entry.kind, value: entry.value.array)
        }
    }
}

extension TableCursor {
    var version: ModelVersion? {
        guard isValid else { return nil }
        return ModelVersion(
            key: key.array, timestamp: entry.timestamp.rawValue, kind: entry.kind, value: entry.value.array)
    }
}

extension TableVersionCursor {
    var version: ModelVersion? {
        guard isValid else { return nil }
        return ModelVersion(
            key: key.array, timestamp: entry.timestamp.rawValue, kind: entry.kind, value: entry.value.array)
    }
}

extension [UInt8] {
    func withBorrowed<R, E: Error>(_ body: (BorrowedBytes) throws(E) -> R) throws(E) -> R {
        try withBytes { span throws(E) in
            try span.withUnsafeBytes { buffer throws(E) in try body(BorrowedBytes(buffer)) }
        }
    }
}

/// The shapes of keys that tables are tried with.
enum TableKeyShape: String, CaseIterable, Sendable {
    case random
    case tiny
    case sharedPrefix
    case nested
    case zeros
    case decimal
    case long

    func key(_ random: inout SeededGenerator) -> [UInt8] {
        switch self {
        case .random: Self.bytes(16, &random)
        case .tiny: (0..<Int.random(in: 0...2, using: &random)).map { _ in UInt8.random(in: 0...3, using: &random) }
        case .sharedPrefix: Array("tenant/000000000042/table/".utf8) + Self.bytes(5, &random)
        case .nested: [UInt8](repeating: 0x61, count: Int.random(in: 0...60, using: &random))
        case .zeros:
            [UInt8](repeating: 0, count: Int.random(in: 0...9, using: &random))
                + (Bool.random(using: &random) ? [] : [UInt8.random(in: 0...1, using: &random)])
        case .decimal: Array(String(10_000_000 + UInt64.random(in: 0..<500, using: &random)).utf8)
        case .long: [UInt8](repeating: 0x78, count: 300) + Self.bytes(Int.random(in: 0...40, using: &random), &random)
        }
    }

    private static func bytes(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    /// Versions of keys of this shape: some keys have many, so that they span blocks.
    func model(count: Int, seed: UInt64) -> [ModelVersion] {
        var random = SeededGenerator(seed: seed)
        var seen: Set<[UInt8]> = []
        var model: [ModelVersion] = []
        while model.count < count {
            let key = key(&random)
            guard seen.insert(key).inserted || model.isEmpty else {
                if seen.count > 40 || model.count > 300 { break }
                // Few keys of this shape are left: end by trying often enough.
                if UInt8.random(in: 0...255, using: &random) == 0 { break }
                continue
            }
            let versions = [1, 1, 1, 2, 5, 60][Int.random(in: 0..<6, using: &random)]
            var timestamps: Set<UInt64> = []
            while timestamps.count < versions { timestamps.insert(UInt64.random(in: 1...1000, using: &random)) }
            for timestamp in timestamps.sorted() {
                let isTombstone = UInt8.random(in: 0..<5, using: &random) == 0
                let size = [0, 1, 20, 90, 90, 700][Int.random(in: 0..<6, using: &random)]
                model.append(
                    ModelVersion(
                        key: key, timestamp: timestamp, kind: isTombstone ? .tombstone : .value,
                        value: isTombstone ? [] : Self.bytes(size, &random)))
            }
        }
        return model
    }
}
