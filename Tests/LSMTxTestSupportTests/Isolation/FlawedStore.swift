import LSMTxTestSupport

/// What may be wrong with ``FlawedStore``. Each is a mistake that a store may well make.
enum Flaw: String, CaseIterable, Sendable {
    // What must be prevented happens.
    case dirtyRead, rolledBackWritesStay, lostUpdate, rangeDeletionsLoseUpdates, readsUnchecked, absentKeysUnchecked
    case scansUnchecked, onlyYieldedKeysChecked, stopKeyUnchecked, nonRepeatableRead, fracturedScan
    case guardsIgnored, deletionsAreNoChange, rangeDeletionsAreNoChange, sameValuesAreNoChange, compactionForgetsChanges
    case flushedKeysLoseDeletions, halfCommitted
    case ownWritesMissingInScans, staleBeginning, timestampsRepeat
    // What must be possible is not.
    case ownReadsChecked, blindWritesChecked, readersChecked, highBoundIncluded, wholeLimitedRangeChecked
    case unguardedReadsChecked, conflictsBlameAnother, idleScansChecked, readCommittedChecked, snapshotReadsChecked
    // Savepoints.
    case savepointKeepsWrites, savepointForgetsReads, undoneWritesChecked, outerWriteForgotten
    // Not what was promised, although the definition of the level would have it.
    case statementsReadTheBeginning, snapshotAtFirstRead

    /// The level at which it shows.
    var level: IsolationLevel {
        switch self {
        case .dirtyRead, .rolledBackWritesStay, .fracturedScan, .ownWritesMissingInScans, .timestampsRepeat,
            .readCommittedChecked, .savepointKeepsWrites, .statementsReadTheBeginning, .halfCommitted,
            .flushedKeysLoseDeletions, .staleBeginning:
            .readCommitted
        case .lostUpdate, .rangeDeletionsLoseUpdates, .nonRepeatableRead, .snapshotReadsChecked, .undoneWritesChecked,
            .outerWriteForgotten, .snapshotAtFirstRead, .compactionForgetsChanges, .deletionsAreNoChange,
            .rangeDeletionsAreNoChange, .sameValuesAreNoChange, .guardsIgnored:
            .snapshot
        default: .serializable
        }
    }
}

/// Every state that was ever committed, as plain arrays, and transactions over them by the letter of the levels; with a
/// flaw if so wished.
final class FlawedStore: IsolationSubject {
    struct Commit {
        var written: UInt32
        var deletedOnly: UInt32
        var byRange: UInt32
        var unchanged: UInt32
        var isForgotten = false
    }

    let flaw: Flaw?
    var states = [[Int](repeating: 0, count: KeySpace.keyCount)]
    var commits: [Commit] = []
    var open: [FlawedSession] = []

    init(_ flaw: Flaw?) { self.flaw = flaw }

    func begin(_ level: IsolationLevel) -> FlawedSession {
        let session = FlawedSession(self, level)
        open.append(session)
        return session
    }

    func state() -> [Int] { states[states.count - 1] }

    func flush() {
        guard flaw == .flushedKeysLoseDeletions, let key = state().firstIndex(of: 0), states.count > 1 else { return }
        states[states.count - 1][key] = states[states.count - 2][key]
    }

    func compact() {
        guard flaw == .compactionForgetsChanges else { return }
        for index in commits.indices { commits[index].isForgotten = true }
    }

    /// What changed after `point`, as far as the flaw lets it be seen.
    func changes(after point: Int) -> UInt32 {
        commits[min(point, commits.count)...].reduce(0) { changes, commit in
            var seen = commit.written
            if commit.isForgotten { seen = 0 }
            if flaw == .deletionsAreNoChange { seen &= ~commit.deletedOnly }
            if flaw == .rangeDeletionsAreNoChange { seen &= ~commit.byRange }
            if flaw == .sameValuesAreNoChange { seen &= ~commit.unchanged }
            return changes | seen
        }
    }
}

final class FlawedSession: IsolationSession {
    struct Own {
        var values = [Int?](repeating: nil, count: KeySpace.keyCount)
        var written: UInt32 = 0
        var byRange: UInt32 = 0
    }

    struct Scan {
        let span: KeySpan
        let reverse: Bool
        var left: Int
        let items: [IsolationHistory.Item]
        var shown = 0
    }

    private let store: FlawedStore
    private let level: IsolationLevel
    private let start: Int
    private var firstRead: Int?
    private var own = Own()
    private var savepoints: [Own] = []
    private var savedReads: [UInt32] = []
    private var everWritten: UInt32 = 0
    private var read: UInt32 = 0
    private var guarded: UInt32 = 0
    private var scans: [Scan] = []

    init(_ store: FlawedStore, _ level: IsolationLevel) {
        self.store = store
        self.level = level
        start = max(0, store.states.count - (store.flaw == .staleBeginning ? 2 : 1))
    }

    private func has(_ flaw: Flaw) -> Bool { store.flaw == flaw }

    private var point: Int {
        let newest = store.states.count - 1
        if level == .readCommitted { return has(.statementsReadTheBeginning) || has(.staleBeginning) ? start : newest }
        if has(.nonRepeatableRead) { return newest }
        guard has(.snapshotAtFirstRead) else { return start }
        firstRead = firstRead ?? newest
        return firstRead!
    }

    private func value(_ key: Int, at point: Int) -> Int {
        if let own = own.values[key] { return own }
        if has(.dirtyRead), let other = store.open.last(where: { $0 !== self && $0.own.values[key] != nil }) {
            return other.own.values[key] ?? 0
        }
        return store.states[point][key]
    }

    func get(_ key: Int) -> Int {
        let value = value(key, at: point)
        let bit = KeySpace.bit(ofKey: key)
        let isOwn = own.written & bit != 0 && !has(.ownReadsChecked)
        if !isOwn, !(has(.absentKeysUnchecked) && value == 0) { read |= bit }
        return value
    }

    func getUnguarded(_ key: Int) -> Int {
        if has(.unguardedReadsChecked) { return get(key) }
        return value(key, at: point)
    }

    func guardKeys(_ span: KeySpan) {
        if !has(.guardsIgnored) { guarded |= span.bits }
    }

    func open(_ span: KeySpan, reverse: Bool, limit: Int?) {
        let point = point
        let items = (reverse ? span.keys.reversed() : span.keys).map { key in
            IsolationHistory.Item(key, has(.ownWritesMissingInScans) ? store.states[point][key] : value(key, at: point))
        }
        scans.append(
            Scan(span: span, reverse: reverse, left: limit ?? .max, items: items.filter { $0.value != 0 }))
        if has(.idleScansChecked) || (has(.wholeLimitedRangeChecked) && limit != nil) { read |= span.bits }
    }

    func next(ofScan number: Int) -> IsolationHistory.Item? {
        let scan = scans[number]
        guard scan.left > 0 else { return nil }
        let isChecked = !has(.scansUnchecked)
        guard scan.shown < scan.items.count else {
            let upper = min(scan.span.upper + (has(.highBoundIncluded) ? 1 : 0), KeySpace.positionCount)
            if isChecked, !has(.onlyYieldedKeysChecked), !scan.span.isEmpty {
                read |= KeySpan(scan.span.lower, upper).bits
            }
            return nil
        }
        var item = scan.items[scan.shown]
        if has(.fracturedScan) {
            let live = value(item.key, at: store.states.count - 1)
            if live != 0 { item = IsolationHistory.Item(item.key, live) }
        }
        scans[number].shown += 1
        scans[number].left -= 1
        let position = 2 * item.key + 1
        let stop = has(.stopKeyUnchecked) ? 0 : 1
        let passed =
            scan.reverse
            ? KeySpan(position + 1 - stop, scan.span.upper) : KeySpan(scan.span.lower, position + stop)
        if isChecked { read |= has(.onlyYieldedKeysChecked) ? KeySpace.bit(ofKey: item.key) : passed.bits }
        return item
    }

    private func noteWritten(_ bits: UInt32) {
        own.written |= bits
        everWritten |= bits
    }

    func put(_ key: Int, _ value: Int) {
        own.values[key] = value
        own.byRange &= ~KeySpace.bit(ofKey: key)
        noteWritten(KeySpace.bit(ofKey: key))
    }

    func delete(_ key: Int) { put(key, 0) }

    func deleteRange(_ span: KeySpan) {
        for key in span.keys { own.values[key] = 0 }
        own.byRange |= span.bits
        noteWritten(span.bits)
    }

    func savepoint() {
        savepoints.append(own)
        savedReads.append(read)
    }

    func rollback(toDepth depth: Int) {
        let undone = own.written
        if !has(.savepointKeepsWrites) { own = savepoints[depth] }
        if has(.outerWriteForgotten) {
            for key in 0..<KeySpace.keyCount where undone & KeySpace.bit(ofKey: key) != 0 && own.values[key] != nil {
                own.written &= ~KeySpace.bit(ofKey: key)
            }
        }
        if has(.savepointForgetsReads) { read = savedReads[depth] }
        savepoints.removeSubrange((depth + 1)...)
        savedReads.removeSubrange((depth + 1)...)
    }

    func release(depth: Int) {
        savepoints.removeSubrange(depth...)
        savedReads.removeSubrange(depth...)
    }

    func rollback() {
        if has(.rolledBackWritesStay) { apply() }
        store.open.removeAll { $0 === self }
    }

    func commit() -> IsolationHistory.Outcome {
        defer { store.open.removeAll { $0 === self } }
        let isWriter = own.written != 0 || own.values.contains { $0 != nil }
        guard isWriter || has(.readersChecked) else { return .committed(at: UInt64(start)) }
        guard checked & store.changes(after: start) == 0 else { return .conflict(reason) }
        if isWriter { apply() }
        return .committed(at: UInt64(store.commits.count) / (has(.timestampsRepeat) ? 2 : 1))
    }

    private var reason: IsolationHistory.Reason? {
        let hit = store.commits.indices.last { $0 >= start && store.commits[$0].written & checked != 0 }
        guard let hit else { return nil }
        let blamed = has(.conflictsBlameAnother) ? hit : hit + 1
        return .init(
            positions: store.commits[hit].written & checked, committedAt: UInt64(blamed),
            isWrite: level == .snapshot && store.commits[hit].written & own.written != 0)
    }

    /// What must not have changed since the beginning.
    private var checked: UInt32 { level == .readCommitted ? checkedByLevel : checkedByLevel | guarded }

    private var checkedByLevel: UInt32 {
        switch level {
        case .readCommitted: return has(.readCommittedChecked) ? own.written : 0
        case .snapshot:
            if has(.lostUpdate) { return 0 }
            if has(.undoneWritesChecked) { return everWritten }
            let written = has(.rangeDeletionsLoseUpdates) ? own.written & ~own.byRange : own.written
            return has(.snapshotReadsChecked) ? written | read : written
        case .serializable:
            if has(.readsUnchecked) { return 0 }
            return has(.blindWritesChecked) ? read | own.written : read
        }
    }

    private func apply() {
        let old = store.state()
        var new = old
        var deletedOnly: UInt32 = 0
        var unchanged: UInt32 = 0
        var isFirst = true
        for key in 0..<KeySpace.keyCount {
            guard let value = own.values[key] else { continue }
            if value == 0 { deletedOnly |= KeySpace.bit(ofKey: key) }
            if value == old[key] { unchanged |= KeySpace.bit(ofKey: key) }
            if !(has(.halfCommitted) && !isFirst) { new[key] = value }
            isFirst = false
        }
        store.states.append(new)
        store.commits.append(
            FlawedStore.Commit(
                written: own.written, deletedOnly: deletedOnly, byRange: own.byRange, unchanged: unchanged))
    }
}
