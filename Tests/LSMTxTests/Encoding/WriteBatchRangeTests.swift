import LSMTxTestSupport
import Testing

@testable import LSMTx

@Suite struct WriteBatchRangeTests {
    private static func validate(_ bytes: [UInt8], count: Int) throws(StoreError) {
        try bytes.withBorrowed { bytes throws(StoreError) in
            try WriteOperations.validate(bytes, count: count, structure: "commit record", fileOffset: 0)
        }
    }

    @Test func rangesGoThroughABatchUnchanged() throws {
        let long = [UInt8](repeating: 9, count: Limits.maximumKeyBytes)
        let ranges: [([UInt8], [UInt8])] = [([], []), ([], [1]), ([5], [5, 0]), ([8], long), (long, [])]
        var batch = WriteBatch()
        for (lower, upper) in ranges {
            lower.withBorrowed { lower in upper.withBorrowed { batch.deleteRange(from: lower, upTo: $0) } }
            [1, 2].withBorrowed { batch.delete(key: $0) }
        }
        try Self.validate(batch.bytes.array, count: batch.count)
        var operations = WriteOperations(verified: batch.bytes)
        for (lower, upper) in ranges {
            let next = operations.next()
            let operation = try #require(next)
            #expect(operation.kind == .rangeTombstone)
            #expect(operation.key.array == lower && operation.value.array == upper)
            #expect(operation.upperBound?.array == (upper.isEmpty ? nil : upper))
            let point = operations.next()
            #expect(point?.kind == .tombstone)
        }
        let end = operations.next()
        #expect(end == nil)
    }

    @Test func aRangeThatEndsBeforeItBeginsIsRefused() {
        for (bytes, isLegal): ([UInt8], Bool) in [
            ([3, 1, 1, 5, 6], true), ([3, 0, 0], true), ([3, 0, 1, 0], true), ([3, 1, 1, 5, 5], false),
            ([3, 1, 1, 6, 5], false), ([3, 2, 1, 5, 0, 5], false), ([3, 1, 1, 5], false), ([4, 1, 1, 5, 6], false),
            ([3, 0xff, 0xff, 0x03, 0], false), ([3, 0x80, 0x80, 0x04, 0], false),
        ] {
            do throws(StoreError) {
                try Self.validate(bytes, count: 1)
                #expect(isLegal, "\(bytes)")
            } catch {
                #expect(!isLegal && error.code == .corrupt, "\(bytes)")
            }
        }
    }
}
