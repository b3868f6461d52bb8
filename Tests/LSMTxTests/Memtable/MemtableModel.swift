import LSMTxSimulation
import Testing

@testable import LSMTx

/// What a memtable must answer, kept as plainly as possible: every version of every key in the order of arrival.
struct MemtableModel {
    struct Version: Equatable {
        var timestamp: UInt64
        /// `nil` for a tombstone.
        var value: [UInt8]?
    }

    struct Item: Equatable {
        var key: [UInt8]
        var version: Version
    }

    private(set) var versions: [[UInt8]: [Version]] = [:]

    mutating func insert(_ key: [UInt8], _ version: Version) {
        var chain = versions[key, default: []]
        if chain.last?.timestamp == version.timestamp { chain.removeLast() }
        chain.append(version)
        versions[key] = chain
    }

    func find(_ key: [UInt8], at timestamp: UInt64) -> Version? {
        versions[key]?.last { $0.timestamp <= timestamp }
    }

    var sortedKeys: [[UInt8]] { versions.keys.sorted { $0.lexicographicallyPrecedes($1) } }

    func items(at timestamp: UInt64) -> [Item] {
        sortedKeys.compactMap { key in find(key, at: timestamp).map { Item(key: key, version: $0) } }
    }

    var allItems: [Item] {
        sortedKeys.flatMap { key in versions[key, default: []].reversed().map { Item(key: key, version: $0) } }
    }
}

extension Memtable {
    func insert(_ key: [UInt8], at timestamp: UInt64, _ value: [UInt8]?) {
        key.withUnsafeBytes { key in
            (value ?? []).withUnsafeBytes { bytes in
                insert(
                    key: BorrowedBytes(key), hash: xxh3(BorrowedBytes(key)), timestamp: Timestamp(rawValue: timestamp),
                    kind: value == nil ? .tombstone : .value, value: BorrowedBytes(bytes))
            }
        }
    }

    func find(_ key: [UInt8], at timestamp: UInt64) -> MemtableModel.Version? {
        key.withUnsafeBytes { key in
            find(BorrowedBytes(key), hash: xxh3(BorrowedBytes(key)), at: Timestamp(rawValue: timestamp))
                .map(MemtableModel.Version.init)
        }
    }

    func newestTimestamp(of key: [UInt8]) -> UInt64? {
        key.withUnsafeBytes { key in
            newestTimestamp(of: BorrowedBytes(key), hash: xxh3(BorrowedBytes(key)))?.rawValue
        }
    }

    func cursor(at timestamp: UInt64) -> MemtableCursor { cursor(at: Timestamp(rawValue: timestamp)) }

    /// All that a cursor shows from one end to the other.
    func items(at timestamp: UInt64, reverse: Bool = false) -> [MemtableModel.Item] {
        var cursor = cursor(at: timestamp)
        var items: [MemtableModel.Item] = []
        if reverse { cursor.seekToLast() } else { cursor.seekToFirst() }
        while cursor.isValid {
            items.append(cursor.item)
            if reverse { cursor.previous() } else { cursor.next() }
        }
        return items
    }

    var allItems: [MemtableModel.Item] {
        var cursor = versions()
        var items: [MemtableModel.Item] = []
        while cursor.isValid {
            items.append(.init(key: cursor.key.array, version: .init(cursor.entry)))
            cursor.next()
        }
        return items
    }
}

extension MemtableModel.Version {
    init(_ entry: MemtableEntry) {
        self.init(timestamp: entry.timestamp.rawValue, value: entry.kind == .tombstone ? nil : entry.value.array)
    }
}

extension MemtableCursor {
    var item: MemtableModel.Item { .init(key: key.array, version: .init(entry)) }

    mutating func seek(to key: [UInt8]) { key.withUnsafeBytes { seek(to: BorrowedBytes($0)) } }

    mutating func seekBackward(before key: [UInt8]) { key.withUnsafeBytes { seekBackward(before: BorrowedBytes($0)) } }
}

/// Families of keys that are hard in different ways.
enum MemtableKeyShape: CaseIterable {
    /// 0 to 3 bytes of a small alphabet that has the zero byte in it: many prefixes of each other, many repetitions.
    case tiny
    /// 16 random bytes.
    case random
    /// Decimals, the same 8 bytes in front.
    case decimal
    /// Two long prefixes, then little that differs.
    case longPrefix
    /// Runs of the zero byte, which the padding of slices must not be taken for.
    case zeros
    /// All of these.
    case mixed

    func key(using random: inout SeededGenerator) -> [UInt8] {
        switch self {
        case .tiny:
            return (0..<Int.random(in: 0...3, using: &random)).map { _ in
                [0, 1, 0x7f, 0xff].randomElement(using: &random)!
            }
        case .random:
            return (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
        case .decimal:
            let digits = String(Int.random(in: 0..<1000, using: &random))
            return Array((String(repeating: "0", count: 16 - digits.count) + digits).utf8)
        case .longPrefix:
            let prefix = [UInt8](repeating: 0x61, count: Bool.random(using: &random) ? 40 : 90)
            return prefix
                + (0..<Int.random(in: 0...10, using: &random)).map { _ in UInt8.random(in: 0x61...0x62, using: &random)
                }
        case .zeros:
            let ending: [UInt8] = Bool.random(using: &random) ? [] : [1]
            return [UInt8](repeating: 0, count: Int.random(in: 0...200, using: &random)) + ending
        case .mixed:
            let shapes: [MemtableKeyShape] = [.tiny, .random, .decimal, .longPrefix, .zeros]
            return shapes.randomElement(using: &random)!.key(using: &random)
        }
    }
}
