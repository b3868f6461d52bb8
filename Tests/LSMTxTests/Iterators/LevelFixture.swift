import LSMTxSimulation

@testable import LSMTx

/// A memtable over two tables of level 0 over deeper levels of several tables each, one of them empty, and all versions
/// that are in them.
struct LevelFixture {
    let device: MemoryDevice
    let view: ReadView
    let model: [ModelVersion]

    /// Timestamps from which on versions are in the memtable, the newer and the older table of level 0, level 1, 3.
    private static let floors: [UInt64] = [850, 700, 600, 300, 0]

    /// - Parameter isSettled: Whether everything is in the deepest level.
    init(shape: TableKeyShape, count: Int, seed: UInt64, isSettled: Bool = false) throws {
        model = shape.model(count: count, seed: seed).sorted(by: ModelVersion.isBefore)
        var random = SeededGenerator(seed: seed &+ 1_000_000)
        device = MemoryDevice()
        let file = StoreFile(
            device: device, identity: FileIdentity(high: 1, low: 2),
            allocator: try ExtentAllocator(used: [FileRange(offset: 0, length: 8192)]), extentBytes: 16 << 10)
        let cache = BlockCache(capacity: 256 << 10)
        var options = TableOptions()
        options.blockBytes = 512

        let memtable = try Memtable(capacity: 4 << 20)
        var edit = VersionEdit()
        var id: UInt64 = 100
        let floors = isSettled ? [1000, 1000, 1000, 1000, 0] : Self.floors
        for (source, floor) in floors.enumerated() {
            let ceiling = source == 0 ? UInt64.max : floors[source - 1]
            let versions = model.filter { $0.timestamp > floor && $0.timestamp <= ceiling }
            if source == 0 {
                Self.fill(memtable, with: versions)
                continue
            }
            let level = [0, 0, 0, 1, 3][source]
            for part in level == 0 ? [versions] : Self.split(versions, using: &random) where !part.isEmpty {
                // Level 0 has its newest table first, which has the largest number.
                id -= 1
                let table = try TableFixture.build(part, file: file, options: options, id: id)
                edit.added.append(table.moved(toLevel: level))
            }
        }
        let version = try Version.empty.applying(edit) { Table(descriptor: $0, file: file, cache: cache) }
        view = ReadView(memtables: [memtable], version: version)
    }

    private static func fill(_ memtable: Memtable, with versions: [ModelVersion]) {
        for version in versions.sorted(by: { $0.timestamp < $1.timestamp }) {
            version.key.withBorrowed { key in
                version.value.withBorrowed { value in
                    memtable.insert(
                        key: key, hash: xxh3(key), timestamp: Timestamp(rawValue: version.timestamp),
                        kind: version.kind, value: value)
                }
            }
        }
    }

    /// Cuts a level into tables between keys.
    private static func split(
        _ versions: [ModelVersion], using random: inout SeededGenerator
    ) -> [[ModelVersion]] {
        var parts: [[ModelVersion]] = [[]]
        for version in versions {
            let isNewKey = parts[parts.count - 1].last?.key != version.key
            if isNewKey, Int.random(in: 0..<12, using: &random) == 0 { parts.append([]) }
            parts[parts.count - 1].append(version)
        }
        return parts
    }

    /// The newest version of each key at or before `timestamp`, in order.
    static func visible(_ versions: [ModelVersion], at timestamp: UInt64) -> [ModelVersion] {
        var result: [ModelVersion] = []
        for version in versions where version.timestamp <= timestamp && result.last?.key != version.key {
            result.append(version)
        }
        return result
    }

    /// A key of the model, or one next to it.
    func someKey(_ random: inout SeededGenerator) -> [UInt8] {
        var key = model.randomElement(using: &random)?.key ?? []
        switch Int.random(in: 0..<4, using: &random) {
        case 0: key.append(0)
        case 1: if !key.isEmpty { key.removeLast() }
        default: break
        }
        return key
    }

    static func timestamp(_ random: inout SeededGenerator) -> UInt64 {
        [UInt64.random(in: 0...1001, using: &random), 5, 250, 320, 1001].randomElement(using: &random) ?? 1001
    }
}
