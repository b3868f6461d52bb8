/// Mutations among a transaction's own writes.
///
/// How it works:
/// 1. A mutation of a key of which the transaction knows the value, as it has written or deleted it, is carried out at once.
///    It never comes here.
/// 2. Else its operand stands in the batch as a plain value, and its entry says what is pending. Mutations of one key
///    form a chain, by the entry that each one superseded. `setIfAbsent` only ever begins one: behind any other the key
///    has a value. One with a versionstamp begins anew, whatever was before.
/// 3. Before the commit queues, its thread reads the value that each chain begins with, its *base*, as of some timestamp,
///    and keeps as many bytes of it as matter. So the leader reads no table, unless the base has been changed since
///    and flushed.
/// 4. The leader goes through the pending entries in order and writes over each operand with the result, which is as
///    long. What turns out to be nothing, a `setIfAbsent` of a key that has a value, is taken out of the batch.
///    From then on all is plain: the log, the memtable and recovery know no mutations.
///
/// Rejected: logging mutations, and merging them when they are read, as some trees do. Each read would have to look for
/// all older versions, in all levels, and a snapshot's answer would depend on what compaction has merged.
extension WriteSet {
    /// What the value of a key was before the first of its pending mutations.
    fileprivate struct Base {
        let entry: Int
        /// `nil` when the key had none.
        var count: Int?
        /// The value itself if it has up to 8 bytes, else where it begins among ``Mutations/bytes``.
        var word: UInt64 = 0
    }

    struct Mutations {
        /// What the bases are as of.
        var readUpTo = Timestamp.zero
        /// By entry.
        fileprivate var bases: [Base] = []
        fileprivate var bytes: [UInt8] = []
        /// The entries of keys that have their stamp, if there are large values.
        fileprivate var stamped: [[UInt8]: Int] = [:]
    }

    /// Whether any mutation may be pending.
    @inline(__always)
    var hasMutations: Bool { fields.pointee.mutations != nil }

    @inline(__always)
    func isPending(_ entry: Int) -> Bool { fields.pointee.entries[entry].mutation != .none }

    /// The latest write of `key`, if it is a pending mutation.
    func pendingEntry(of key: BorrowedBytes) -> Int? {
        guard hasMutations, let entry = index(of: key, hash: xxh3(key)), fields.pointee.entries[entry].counts,
            isPending(entry)
        else { return nil }
        return entry
    }

    /// The latest write of an entry's key, up to that one, that is not pending.
    @inline(__always)
    func plainEntry(upTo entry: Int) -> Int? {
        guard hasMutations else { return entry }
        var found = entry
        while isPending(found) {
            found = Int(fields.pointee.entries[found].previous)
            guard found >= 0 else { return nil }
        }
        return found
    }

    // MARK: Adding

    /// Adds a mutation of a key of which the transaction does not know the value, or of any with a versionstamp.
    func mutate(_ key: BorrowedBytes, _ mutation: PendingMutation, operand: BorrowedBytes, stampOffset: Int) {
        if let known = pendingEntry(of: key) {
            // It has a value by then.
            guard mutation != .setIfAbsent else { return }
            if fold(mutation, operand, into: known) { return }
        }
        put(key: key, value: operand)
        mark(mutation, stampOffset)
    }

    /// Adds a value for a key that has `offset` as the place of its versionstamp.
    func put(stampedKey template: BorrowedBytes, stampOffset: Int, value: BorrowedBytes, kind: EntryKind) {
        if kind == .largeValue { fields.pointee.largeValues.count += 1 }
        let offset = byteCount
        fields.pointee.batch.put(key: template, value: value, kind: kind)
        fields.pointee.memtableBytes += Memtable.spaceNeeded(keyBytes: template.count, valueBytes: value.count)
        // No key leads to it before it has its stamp.
        append(Entry(hash: 0, offset: offset, isSuperseded: true))
        mark(.stampedKey, stampOffset)
    }

    private func mark(_ mutation: PendingMutation, _ stampOffset: Int) {
        fields.pointee.entries[count - 1].mutation = mutation
        fields.pointee.entries[count - 1].stampOffset = UInt16(stampOffset)
        guard !hasMutations else { return }
        let made = UnsafeMutablePointer<Mutations>.allocate(capacity: 1)
        made.initialize(to: Mutations())
        fields.pointee.mutations = made
    }

    func freeMutations() {
        guard let mutations = fields.pointee.mutations else { return }
        mutations.deinitialize(count: 1)
        mutations.deallocate()
    }

    /// Makes one of two mutations, if they are of a kind, and nobody can see the first alone: no cursor, and nobody
    /// who rolls back.
    private func fold(_ mutation: PendingMutation, _ operand: BorrowedBytes, into entry: Int) -> Bool {
        guard mutation == fields.pointee.entries[entry].mutation, mutation.readsValue, !hasCursors, !hasSavepoints
        else { return false }
        let known = mutableBytes(operation(entry).value)
        guard known.count == operand.count else { return false }
        // All that read are commutative and associative.
        mutation.compute(known, from: operand)
        return true
    }

    private func mutableBytes(_ bytes: BorrowedBytes) -> UnsafeMutableRawBufferPointer {
        let offset = bytes.base - operations.base
        return UnsafeMutableRawBufferPointer(
            start: fields.pointee.batch.mutableBytes + offset, count: bytes.count)
    }

    // MARK: Reading

    /// The pending mutations that lead to an entry, oldest first, this one included.
    func chain(to entry: Int) -> [Place] {
        var entries = [entry]
        var latest = fields.pointee.entries[entry]
        while latest.mutation != .stampedValue, latest.previous >= 0 {
            let previous = Int(latest.previous)
            latest = fields.pointee.entries[previous]
            guard latest.mutation != .none, !latest.isErased else { break }
            entries.append(previous)
        }
        return entries.reversed().map { place(of: $0) }
    }

    /// The chains that lead to those of `entries` that are pending, by their place among them.
    func chains(to entries: [Int]) -> [Int: [Place]] {
        var chains: [Int: [Place]] = [:]
        for (index, entry) in entries.enumerated() where isPending(entry) { chains[index] = chain(to: entry) }
        return chains
    }

    /// What a chain makes of a value.
    ///
    /// - Throws: `misuse` when a versionstamp takes part, which nobody knows before the commit: see ``checkReadable(_:)``.
    func result(of chain: [Place], on base: [UInt8]?) throws(StoreError) -> [UInt8]? {
        try checkReadable(chain)
        var value = base
        for place in chain {
            var result = operation(at: place).value.array
            if let known = value {
                guard place.mutation != .setIfAbsent else { continue }
                result.withUnsafeMutableBytes { result in
                    known.withUnsafeBytes { place.mutation.compute(result, from: BorrowedBytes($0)) }
                }
            }
            value = result
        }
        return value
    }

    func checkReadable(_ chain: [Place]) throws(StoreError) {
        guard chain.first?.mutation == .stampedValue else { return }
        throw StoreError(
            .misuse, "The transaction has given the key a value with a versionstamp, which only the commit knows.",
            remedy: "Read the key after the commit.")
    }

    // MARK: What mutations begin with

    /// The entries that begin a chain, for which the committing thread reads the bases.
    var entriesWithBase: [Int] {
        (0..<count).filter { fields.pointee.entries[$0].mutation.readsValue && !hasPendingBefore($0) }
    }

    private func hasPendingBefore(_ entry: Int) -> Bool {
        let previous = Int(fields.pointee.entries[entry].previous)
        return previous >= 0 && isPending(previous)
    }

    /// How many bytes of an entry's base matter; `nil` when all do.
    func bytesWanted(ofBase entry: Int) -> Int? {
        let known = fields.pointee.entries[entry]
        guard known.mutation == .setIfAbsent else { return operation(entry).value.count }
        // Another mutation may follow, which then applies to the base.
        return known.isSuperseded ? nil : 0
    }

    func hash(_ entry: Int) -> UInt64 { fields.pointee.entries[entry].hash }

    /// Begins to remember bases as of a timestamp, on behalf of ``resolve(_:from:)``. If cursors are open, they go on with
    /// the batch as it is.
    func prepareToResolve(upTo timestamp: Timestamp) {
        fields.pointee.mutations?.pointee.readUpTo = timestamp
        guard hasCursors else { return }
        let (bytes, count) = (byteCount, fields.pointee.batch.count)
        let old = retireBatch()
        fields.pointee.batch.append(operations: BorrowedBytes(base: old.pointee.bytes.base, count: bytes), count: count)
    }

    /// What the bases are as of.
    var basesReadUpTo: Timestamp { fields.pointee.mutations?.pointee.readUpTo ?? .zero }

    /// Remembers the base of an entry, in ascending order of entries.
    ///
    /// - Parameter value: `nil` when there is none; else as many bytes as are wanted, or more.
    func noteBase(of entry: Int, _ value: BorrowedBytes?) {
        guard let mutations = fields.pointee.mutations else { preconditionFailure("no mutation has a base") }
        var base = Base(entry: entry)
        if let value {
            let bytes = value.buffer.prefix(bytesWanted(ofBase: entry) ?? .max)
            base.count = bytes.count
            if bytes.count <= 8 {
                withUnsafeMutableBytes(of: &base.word) { $0.copyBytes(from: bytes) }
            } else {
                base.word = UInt64(mutations.pointee.bytes.count)
                mutations.pointee.bytes.append(contentsOf: bytes)
            }
        }
        mutations.pointee.bases.append(base)
    }

    /// Calls `body` with the base that was remembered.
    ///
    /// - Returns: Whether one was.
    func withBase(of entry: Int, _ body: (BorrowedBytes?) -> Void) -> Bool {
        guard let mutations = fields.pointee.mutations else { return false }
        var low = 0
        var high = mutations.pointee.bases.count
        while low < high {
            let middle = (low + high) / 2
            if mutations.pointee.bases[middle].entry < entry { low = middle + 1 } else { high = middle }
        }
        guard low < mutations.pointee.bases.count, mutations.pointee.bases[low].entry == entry else { return false }
        let base = mutations.pointee.bases[low]
        guard let count = base.count else {
            body(nil)
            return true
        }
        if count <= 8 {
            withUnsafeBytes(of: base.word) { body(BorrowedBytes(UnsafeRawBufferPointer(rebasing: $0[..<count]))) }
        } else {
            mutations.pointee.bytes.withUnsafeBytes {
                body(
                    BorrowedBytes(UnsafeRawBufferPointer(rebasing: $0[Int(base.word)...][..<(Int(base.word) + count)])))
            }
        }
        return true
    }

    // MARK: Resolving

    /// Resolves an entry, for the leader, who does so in the order of entries; those that are not pending too.
    ///
    /// - Returns: The entry whose base is needed for it, to be given to ``resolve(_:from:)``; `nil` when it is done.
    func resolveAlone(_ entry: Int, at timestamp: Timestamp) -> Int? {
        let known = fields.pointee.entries[entry]
        switch known.mutation {
        case .none: return nil
        case .stampedValue:
            let value = mutableBytes(operation(entry).value)
            timestamp.writeVersionstamp(to: value.baseAddress.unsafelyUnwrapped + Int(known.stampOffset))
            return nil
        case .stampedKey:
            stampKey(entry, at: timestamp)
            return nil
        default:
            guard known.previous >= 0 else { return entry }
            let previous = Int(known.previous)
            // It was nothing, so this one begins the chain.
            guard !fields.pointee.entries[previous].isErased else { return previous }
            known.mutation.compute(mutableBytes(operation(entry).value), from: operation(previous).value)
            return nil
        }
    }

    private func stampKey(_ entry: Int, at timestamp: Timestamp) {
        let key = operation(entry).key
        let stampOffset = Int(fields.pointee.entries[entry].stampOffset)
        timestamp.writeVersionstamp(to: mutableBytes(key).baseAddress.unsafelyUnwrapped + stampOffset)
        let hash = xxh3(key)
        if hasLargeValues { eraseLargeValue(hiddenBy: entry, key, hash) }
        fields.pointee.entries[entry].hash = hash
        fields.pointee.hashes[entry] = hash
        guard hasDeletions else { return }
        for later in entry + 1..<count {
            let operation = operation(later)
            guard operation.kind == .rangeTombstone, KeyOrder.compare(operation.key, key) <= 0,
                operation.upperBound.map({ KeyOrder.compare(key, $0) < 0 }) ?? true
            else { continue }
            fields.pointee.entries[entry].isErased = true
            return
        }
    }

    /// Several entries have one key only where templates are the same, or somebody has guessed the stamp. Only the last of
    /// them may have a large value.
    private func eraseLargeValue(hiddenBy entry: Int, _ key: BorrowedBytes, _ hash: UInt64) {
        let known = fields.pointee.mutations?.pointee.stamped.updateValue(entry, forKey: key.array)
        for other in [known, index(of: key, hash: hash)] {
            guard let other else { continue }
            let hidden = min(other, entry)
            if operation(hidden).kind == .largeValue { fields.pointee.entries[hidden].isErased = true }
        }
    }

    /// Resolves an entry from the base of its chain.
    func resolve(_ entry: Int, from base: BorrowedBytes?) {
        guard let base else { return }
        let mutation = fields.pointee.entries[entry].mutation
        if mutation == .setIfAbsent {
            fields.pointee.entries[entry].isErased = true
        } else {
            mutation.compute(mutableBytes(operation(entry).value), from: base)
        }
    }

    /// All entries have been resolved: those that turned out to be nothing leave the batch.
    func endResolving() {
        if (0..<count).contains(where: { fields.pointee.entries[$0].isErased }) { dropErased() }
    }
}
