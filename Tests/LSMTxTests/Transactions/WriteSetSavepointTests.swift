import LSMTxTestSupport
import Testing

@testable import LSMTx

@Suite struct WriteSetSavepointTests {
    #if DEBUG
    private static let histories: UInt64 = 2_000
    #else
    private static let histories: UInt64 = 100_000
    #endif

    private static func withBytes<R>(_ text: String, _ body: (BorrowedBytes) -> R) -> R {
        Array(text.utf8).withUnsafeBytes { body(BorrowedBytes($0)) }
    }

    private static func put(_ set: WriteSet, _ key: Int) {
        withBytes("\(key)") { key in withBytes("v") { set.put(key: key, value: $0) } }
    }

    @Test func anyHistoryGoesLikeAListThatIsCopied() throws {
        var rollbacks = 0
        for seed in 0..<Self.histories {
            let history = WriteSetHistory(seed: seed)
            try history.run(steps: seed % 4 == 3 ? 96 : 48)
            try history.end()
            rollbacks += history.rollbacks
        }
        #expect(rollbacks > Int(Self.histories))
    }

    /// Keys leave the buckets in another order than they were entered, when the buckets were made anew in between.
    @Test(arguments: [9, 16, 17, 40, 300, 2_000])
    func everyKeyIsFoundAfterUndoingAnyNumberOfWrites(count: Int) {
        for undone in [0, 1, 7, 8, 9, 15, 16, 17, 33, 150, 299, 1_999] where undone < count {
            let set = WriteSet()
            defer { set.deallocate() }
            var savepoint: WriteSet.SavepointID?
            for key in 0..<count {
                if key == count - undone { savepoint = set.takeSavepoint() }
                Self.put(set, key)
                // An early key takes a late place in the buckets.
                if key % 3 == 0 { Self.put(set, key / 2) }
            }
            if undone == 0 { savepoint = set.takeSavepoint() }
            let left = count - undone
            for _ in 0..<2 {
                if let savepoint { set.rollback(to: savepoint) }
                for key in 0..<count {
                    let isFound = Self.withBytes("\(key)") { set.find($0) } != nil
                    #expect(isFound == (key < left), "\(count), \(undone) undone: \(key)")
                }
                for key in 0..<count { Self.put(set, key) }
                #expect((0..<count).allSatisfy { key in Self.withBytes("\(key)") { set.find($0) } != nil })
            }
        }
    }

    @Test func savepointsOfOtherSetsAreToldFromOnesOwn() {
        let first = WriteSet()
        let savepoint = first.takeSavepoint()
        first.deallocate()
        // At the same address, as like as not.
        for _ in 0..<10 {
            let other = WriteSet()
            defer { other.deallocate() }
            #expect(other.standing(of: savepoint) == .ofAnotherTransaction)
            _ = other.takeSavepoint()
            #expect(other.standing(of: savepoint) == .ofAnotherTransaction)
        }
    }

    @Test func aSetWithoutSavepointsMakesNothingForThem() {
        let set = WriteSet()
        defer { set.deallocate() }
        for key in 0..<100 { Self.put(set, key) }
        set.deleteRange(KeyRange(prefix: "1"))
        set.beginCursor()
        set.endCursor()
        set.seal()
        #expect(set.fields.pointee.savepoints == nil)
        #expect(set.count == 90)
    }

    /// What a deleted range took away is kept for the savepoint, and leaves with the last one.
    @Test func erasedOperationsLeaveWithTheLastSavepoint() {
        let set = WriteSet()
        defer { set.deallocate() }
        for key in 10..<30 { Self.put(set, key) }
        let outer = set.takeSavepoint()
        let inner = set.takeSavepoint()
        set.deleteRange(KeyRange(prefix: "1"))
        #expect(set.count == 21)
        set.release(inner)
        #expect(set.count == 21)
        set.rollback(to: outer)
        #expect(set.count == 20 && !set.hasDeletions)
        set.deleteRange(KeyRange(prefix: "1"))
        set.release(outer)
        #expect(set.count == 11 && set.hasDeletions)
    }

    /// Undoing in place while cursors are open that began before, and in a copy for those that began since.
    @Test func onlyCursorsThatBeganSinceCostACopy() {
        let set = WriteSet()
        defer { set.deallocate() }
        Self.put(set, 1)
        set.beginCursor()
        let savepoint = set.takeSavepoint()
        for _ in 0..<3 {
            Self.put(set, 2)
            set.rollback(to: savepoint)
            #expect(set.fields.pointee.retired.isEmpty)
        }
        Self.put(set, 2)
        set.beginCursor()
        let places = set.sortedPlaces(in: .all)
        set.rollback(to: savepoint)
        #expect(set.fields.pointee.retired.count == 1)
        Self.put(set, 3)
        set.rollback(to: savepoint)
        #expect(set.fields.pointee.retired.count == 1)
        #expect(places.map { set.operation(at: $0).key.array } == [Array("1".utf8), Array("2".utf8)])
        set.endCursor()
        set.endCursor()
        #expect(set.fields.pointee.retired.isEmpty)
    }
}
