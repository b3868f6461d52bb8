import LSMTxTestSupport
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
                let keys = set.sortedEntries(in: range).map { set.operation($0).key.array }
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
}
