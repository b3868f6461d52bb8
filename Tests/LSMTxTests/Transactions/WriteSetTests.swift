import LSMTxSimulation
import Testing

@testable import LSMTx

@Suite struct WriteSetTests {
    private static func withBytes<R>(_ bytes: [UInt8], _ body: (BorrowedBytes) -> R) -> R {
        bytes.withUnsafeBytes { body(BorrowedBytes($0)) }
    }

    @Test func aWriteSetAnswersLikeADictionary() {
        for seed in 0..<UInt64(60) {
            var random = SeededGenerator(seed: seed)
            let set = WriteSet()
            var model: [[UInt8]: [UInt8]?] = [:]
            var hashes: [UInt64] = []
            let keyCount = [3, 8, 12, 200][Int(seed % 4)]
            for step in 0..<400 {
                let key = Array("\(Int.random(in: 0..<keyCount, using: &random))".utf8.dropFirst(seed % 3 == 0 ? 1 : 0))
                hashes.append(Self.withBytes(key) { xxh3($0) })
                if Bool.random(using: &random) {
                    let value = [UInt8](repeating: UInt8(step % 256), count: Int.random(in: 0..<40, using: &random))
                    Self.withBytes(key) { key in Self.withBytes(value) { set.put(key: key, value: $0) } }
                    model[key] = value
                } else {
                    Self.withBytes(key) { set.delete(key: $0) }
                    model[key] = .some(nil)
                }
                let asked = Array("\(Int.random(in: 0..<keyCount, using: &random))".utf8)
                let found = Self.withBytes(asked) { set.find($0) }
                let value = found.map { $0.kind == .value ? $0.value.array : nil }
                #expect(value == model[asked], "seed \(seed), step \(step)")
                guard step % 40 == 39 else { continue }
                let range = KeyRange(from: asked, upTo: seed % 2 == 0 ? nil : [0x38])
                let keys = set.sortedPlaces(in: range).map { set.operation(at: $0).key.array }
                let expected = model.keys.filter { range.contains($0) }.sorted { $0.lexicographicallyPrecedes($1) }
                #expect(keys == expected, "seed \(seed), step \(step)")
            }
            #expect(set.count == 400)
            #expect(Array(UnsafeBufferPointer(start: set.operationHashes, count: set.count)) == hashes)
            var operations = WriteOperations(verified: set.operations)
            var count = 0
            while operations.next() != nil { count += 1 }
            #expect(count == 400)
        }
    }

    @Test func deletedRangesCoverWhatCameBeforeAndNothingAfter() {
        for seed in 0..<UInt64(80) {
            var random = SeededGenerator(seed: seed)
            let set = WriteSet()
            defer { set.deallocate() }
            var model: [[UInt8]: [UInt8]?] = [:]
            var ranges: [KeyRange] = []
            let keyCount = [4, 12, 90][Int(seed % 3)]
            func key(_ random: inout SeededGenerator) -> [UInt8] {
                Array("\(Int.random(in: 0..<keyCount, using: &random))".utf8)
            }
            for step in 0..<150 {
                let key = key(&random)
                switch Int.random(in: 0..<8, using: &random) {
                case 0, 1:
                    let upper =
                        Bool.random(using: &random) ? nil : Array("\(Int.random(in: 0..<99, using: &random))".utf8)
                    guard let range = KeyRange(from: key, upTo: upper).withKeysForBounds else { continue }
                    set.deleteRange(range)
                    model = model.filter { !range.contains($0.key) }
                    ranges.append(range)
                case 2...5:
                    let value = [UInt8](repeating: UInt8(step), count: Int.random(in: 0..<40, using: &random))
                    Self.withBytes(key) { key in Self.withBytes(value) { set.put(key: key, value: $0) } }
                    model[key] = value
                default:
                    Self.withBytes(key) { set.delete(key: $0) }
                    model[key] = .some(nil)
                }
                Self.check(
                    set, model, ranges, asked: (0..<keyCount).map { Array("\($0)".utf8) }, "seed \(seed), \(step)")
            }
        }
    }

    /// Own reads, the order of scans, and what the log and the memtable will be told.
    private static func check(
        _ set: WriteSet, _ model: [[UInt8]: [UInt8]?], _ ranges: [KeyRange], asked: [[UInt8]], _ context: String
    ) {
        for key in asked {
            let found = withBytes(key) { set.find($0) }.map { $0.kind == .value ? $0.value.array : nil }
            let isDeleted = ranges.contains { $0.contains(key) }
            #expect(found == (model[key] ?? (isDeleted ? .some(nil) : nil)), "\(context): \(key)")
        }
        let keys = set.sortedPlaces(in: .all).map { set.operation(at: $0).key.array }
        #expect(keys == model.keys.sorted { $0.lexicographicallyPrecedes($1) }, "\(context)")
        var operations = WriteOperations(verified: set.operations)
        var points: [[UInt8]: [UInt8]?] = [:]
        var covered: [KeyRange] = []
        var memtableBytes = 0
        var count = 0
        while let operation = operations.next() {
            memtableBytes += Memtable.spaceNeeded(operation)
            if operation.kind == .rangeTombstone {
                covered.append(KeyRange(from: operation.key.array, upTo: operation.upperBound?.array))
            } else {
                points[operation.key.array] = operation.kind == .value ? operation.value.array : .some(nil)
                #expect(set.operationHashes[count] == xxh3(operation.key), "\(context)")
            }
            count += 1
        }
        // Every write that is logged came after the deletions: points win over ranges of the same commit.
        #expect(points == model && count == set.count && memtableBytes == set.memtableBytes, "\(context)")
        for key in asked {
            #expect(
                covered.contains { $0.contains(key) } == ranges.contains { $0.contains(key) }, "\(context): \(key)")
        }
    }
}
