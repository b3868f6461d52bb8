import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// A write set with savepoints and cursors, held against a list of operations that is copied for each savepoint.
final class WriteSetHistory {
    struct Operation: Equatable {
        var kind: EntryKind
        var key: [UInt8]
        /// Of a range, its upper bound; empty when it has no end.
        var value: [UInt8] = []

        init(_ kind: EntryKind, _ key: [UInt8], _ value: [UInt8] = []) {
            self.kind = kind
            self.key = key
            self.value = value
        }

        init(_ operation: WriteOperation) {
            self.init(operation.kind, operation.key.array, operation.value.array)
        }

        var range: KeyRange? {
            kind == .rangeTombstone ? KeyRange(from: key, upTo: value.isEmpty ? nil : value) : nil
        }

        var extent: FileRange? {
            guard kind == .largeValue else { return nil }
            return value.withUnsafeBytes { LargeValueReference(verified: BorrowedBytes($0)).extent }
        }

        /// Whether a deletion of `other` takes it away.
        func lies(in other: KeyRange) -> Bool {
            guard let range else { return other.contains(key) }
            guard other.contains(key), let end = other.upperBound else { return other.contains(key) }
            return range.upperBound.map { !end.lexicographicallyPrecedes($0) } ?? false
        }
    }

    private struct Taken {
        let id: WriteSet.SavepointID
        let operations: [Operation]
        let isScoped: Bool
    }

    private struct Cursor {
        let places: [WriteSet.Place]
        let expected: [Operation]
    }

    private let seed: UInt64
    private var random: SeededGenerator
    private let keyCount: Int
    private let set = WriteSet()
    private var operations: [Operation] = []
    private var savepoints: [Taken] = []
    private var gone: [WriteSet.SavepointID] = []
    private var cursors: [Cursor] = []
    private var written: Set<FileRange> = []
    private var givenBack: Set<FileRange> = []
    private var step = 0
    private(set) var rollbacks = 0

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        keyCount = [3, 8, 25, 200][Int(seed % 4)]
    }

    deinit { set.deallocate() }

    private func fail(_ what: String) -> ModelMismatch {
        ModelMismatch(description: "seed \(seed), step \(step): \(what)")
    }

    private func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
    private func key() -> [UInt8] { Array("\(number(0..<keyCount))".utf8) }

    private func giveBack(_ extent: FileRange) {
        if !written.contains(extent) || !givenBack.insert(extent).inserted {
            Issue.record("\(fail("\(extent) is given back, which was not out"))")
        }
    }

    // MARK: Steps

    func run(steps: Int) throws {
        for number in 0..<steps {
            step = number
            try act()
            try check(isWhole: number % 12 == 11)
        }
    }

    private func act() throws {
        switch number(0..<100) {
        case 0..<35: put()
        case 35..<50: delete()
        case 50..<56: deleteRange()
        case 56..<72: try take()
        case 72..<86: try rollBack()
        case 86..<92: try release()
        case 92..<96: beginCursor()
        default: try endCursor()
        }
        if set.hasLargeValues { set.releaseSuperseded(giveBack) }
    }

    private func put() {
        let key = key()
        let isLarge = number(0..<3) == 0
        var value = [UInt8](repeating: UInt8(truncatingIfNeeded: step), count: number(0..<30))
        key.withUnsafeBytes { key in
            guard isLarge else {
                return value.withUnsafeBytes { set.put(key: BorrowedBytes(key), value: BorrowedBytes($0)) }
            }
            let reference = LargeValueReference(
                offset: UInt64(written.count) * FileRange.pageBytes, count: 1_000 + step, checksum: 1,
                born: Generation(rawValue: 1))
            written.insert(reference.extent)
            set.put(key: BorrowedBytes(key), large: reference)
            value = reference.withEncoded { $0.array }
        }
        operations.append(Operation(isLarge ? .largeValue : .value, key, value))
    }

    private func delete() {
        let key = key()
        key.withUnsafeBytes { set.delete(key: BorrowedBytes($0)) }
        operations.append(Operation(.tombstone, key))
    }

    private func deleteRange() {
        let range = KeyRange(from: key(), upTo: number(0..<8) == 0 ? nil : key())
        guard !range.isEmpty else { return }
        set.deleteRange(range)
        operations.removeAll { $0.lies(in: range) }
        operations.append(Operation(.rangeTombstone, range.lowerBound, range.upperBound ?? []))
    }

    private func take() throws {
        guard savepoints.count < 6 else { return }
        let isScoped = number(0..<8) == 0
        let id = set.takeSavepoint(isScoped: isScoped)
        savepoints.append(Taken(id: id, operations: operations, isScoped: isScoped))
    }

    private func drop(from index: Int) {
        gone += savepoints[index...].map(\.id)
        savepoints.removeSubrange(index...)
    }

    private func rollBack() throws {
        guard !savepoints.isEmpty else { return }
        let index = number(0..<savepoints.count)
        let savepoint = savepoints[index]
        set.rollback(to: savepoint.id)
        operations = savepoint.operations
        drop(from: index + 1)
        rollbacks += 1
        guard set.count >= operations.count, set.savepointCount == index + 1 else { throw fail("counts") }
    }

    private func release() throws {
        guard !savepoints.isEmpty else { return }
        let index = number(0..<savepoints.count)
        set.release(savepoints[index].id)
        drop(from: index)
        guard set.savepointCount == index else { throw fail("a savepoint is left") }
    }

    private func beginCursor() {
        let range = KeyRange(from: key(), upTo: number(0..<2) == 0 ? nil : key())
        set.beginCursor()
        let expected = counting(operations).values.filter { range.contains($0.key) }
        cursors.append(
            Cursor(
                places: set.sortedPlaces(in: range),
                expected: expected.sorted { $0.key.lexicographicallyPrecedes($1.key) }))
    }

    private func endCursor() throws {
        guard !cursors.isEmpty else { return }
        cursors.remove(at: number(0..<cursors.count))
        set.endCursor()
    }

    // MARK: Comparing

    /// The mutations of single keys that are read and that matter for the outcome.
    private func counting(_ operations: [Operation]) -> [[UInt8]: Operation] {
        var last: [[UInt8]: Operation] = [:]
        for operation in operations where operation.kind != .rangeTombstone { last[operation.key] = operation }
        return last
    }

    private func extents(_ operations: [Operation]) -> [FileRange] { counting(operations).values.compactMap(\.extent) }

    private func check(isWhole: Bool) throws {
        let points = counting(operations)
        let ranges = operations.compactMap(\.range)
        try checkFind(key(), points, ranges)
        try checkFind(key(), points, ranges)
        // Nothing that may be read is given back, and all of the rest is, once no cursor is there.
        var needed = Set(points.values.compactMap(\.extent))
        for savepoint in savepoints { needed.formUnion(extents(savepoint.operations)) }
        for cursor in cursors { needed.formUnion(cursor.expected.compactMap(\.extent)) }
        guard needed.isDisjoint(with: givenBack) else { throw fail("a value is gone that may be read") }
        if cursors.isEmpty, written.count - givenBack.count != needed.count {
            throw fail("extents are kept for nobody")
        }
        guard isWhole else { return }
        for number in 0..<keyCount { try checkFind(Array("\(number)".utf8), points, ranges) }
        let shown = set.sortedPlaces(in: .all).map { Operation(set.operation(at: $0)) }
        let expected = points.values.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        guard shown == expected else { throw fail("\(shown) instead of \(expected) are shown") }
        for cursor in cursors {
            let shown = cursor.places.map { Operation(set.operation(at: $0)) }
            guard shown == cursor.expected else { throw fail("a cursor shows \(shown), not \(cursor.expected)") }
        }
        try checkStanding()
    }

    private func checkFind(_ key: [UInt8], _ points: [[UInt8]: Operation], _ ranges: [KeyRange]) throws {
        let found = key.withUnsafeBytes { set.find(BorrowedBytes($0)).map { Operation($0) } }
        let isDeleted = ranges.contains { $0.contains(key) }
        let expected = points[key] ?? (isDeleted ? Operation(.tombstone, key) : nil)
        guard found == expected else { throw fail("\(String(describing: found)), not \(String(describing: expected))") }
    }

    private func checkStanding() throws {
        var isReached = true
        for savepoint in savepoints.reversed() {
            let expected: WriteSet.Standing = isReached ? .active : .outsideOfScope
            guard set.standing(of: savepoint.id) == expected else { throw fail("not \(expected)") }
            if savepoint.isScoped { isReached = false }
        }
        for id in gone.suffix(5) {
            guard set.standing(of: id) == .gone else { throw fail("a savepoint is there again") }
        }
    }

    // MARK: Ending

    func end() throws {
        step += 1
        let isTried = number(0..<4) > 0
        let isCommitted = isTried && number(0..<3) > 0
        if isTried {
            set.seal()
            set.eraseSuperseded(giveBack)
            try checkLog()
        }
        set.endLargeValues(isCommitted: isCommitted, giveBack)
        let kept = isCommitted ? Set(extents(operations)) : []
        guard written.subtracting(givenBack) == kept else { throw fail("not all extents are given back") }
        for _ in cursors { set.endCursor() }
        cursors = []
    }

    /// What is logged is what was written and not undone, in order, as if the rest had never been written.
    private func checkLog() throws {
        let points = counting(operations)
        var logged: [Operation] = []
        var memtableBytes = 0
        var operationsLeft = WriteOperations(verified: set.operations)
        while let operation = operationsLeft.next() {
            memtableBytes += Memtable.spaceNeeded(operation)
            if operation.kind != .rangeTombstone, set.operationHashes[logged.count] != xxh3(operation.key) {
                throw fail("a hash is wrong")
            }
            logged.append(Operation(operation))
        }
        let expected = operations.map { operation in
            let isErased = operation.kind == .largeValue && points[operation.key] != operation
            return isErased ? Operation(.value, operation.key, operation.value) : operation
        }
        guard logged == expected else { throw fail("\(logged) is logged, not \(expected)") }
        guard set.count == logged.count, set.memtableBytes == memtableBytes else { throw fail("the sums are wrong") }
    }
}
