/// Values as they lie in the store, for a caller in another language that has a place of its own for them: each is copied
/// once, to there.
///
/// `body` runs within an epoch, as ``ValueCopy`` explains: it copies, and calls nothing of the store.
extension Database {
    /// Lends the newest value of a key.
    ///
    /// - Returns: Whether there is one; `body` is not called otherwise.
    /// - Throws: `closed`; `corrupt` or `io` when the block that would have it cannot be read.
    package func lendValue(
        of key: UnsafeRawBufferPointer, to body: (UnsafeRawBufferPointer) -> Void
    ) throws(StoreError) -> Bool {
        try core.checkOpen()
        let reader = core.openSnapshot()
        defer { core.closeSnapshot(reader.ticket, at: reader.timestamp) }
        let key = BorrowedBytes(key)
        let found: Void? = try core.find(
            key, hash: xxh3(key), at: reader.timestamp, { body($0.buffer) }, large: { $0.withUnsafeBytes(body) })
        return found != nil
    }
}

extension Snapshot {
    /// Lends a value: see ``Database/lendValue(of:to:)``.
    package func lendValue(
        of key: UnsafeRawBufferPointer, to body: (UnsafeRawBufferPointer) -> Void
    ) throws(StoreError) -> Bool {
        try checkOpen()
        let key = BorrowedBytes(key)
        let found: Void? = try core.find(
            key, hash: xxh3(key), at: timestamp, { body($0.buffer) }, large: { $0.withUnsafeBytes(body) })
        try checkWasOpen()
        return found != nil
    }

    /// Lends the values of several keys, in order; `nil` for a key without one.
    package func lendValues(
        count: Int, key: (Int) -> UnsafeRawBufferPointer, to body: (UnsafeRawBufferPointer?) -> Void
    ) throws(StoreError) {
        try core.checkOpen()
        _ = try core.lookUp(PackedKeys(count: count, key: key)) { key, hash throws(StoreError) in
            try checkOpen()
            let found: Void? = try core.find(
                key, hash: hash, at: timestamp, { body($0.buffer) }, large: { $0.withUnsafeBytes(body) })
            if found == nil { body(nil) }
        }
        try checkWasOpen()
    }
}

extension Transaction {
    /// Throws `closed` and `forkedHandle`: for calls that change only the transaction's own memory.
    package func checkDatabaseIsOpen() throws(StoreError) { try core.checkOpen() }

    /// Lends a value: see ``Database/lendValue(of:to:)``. The transaction's own writes are seen.
    ///
    /// - Throws: Also `tooLarge`, when the commit would depend on too much.
    package func lendValue(
        of key: UnsafeRawBufferPointer, isGuarded: Bool, to body: (UnsafeRawBufferPointer) -> Void
    ) throws(StoreError) -> Bool {
        try checkActive()
        let found: Void? = try find(
            BorrowedBytes(key), isGuarded: isGuarded, { body($0.buffer) }, large: { $0.withUnsafeBytes(body) })
        return found != nil
    }

    /// Lends the values of several keys, in order; `nil` for a key without one.
    package func lendValues(
        count: Int, isGuarded: Bool, key: (Int) -> UnsafeRawBufferPointer, to body: (UnsafeRawBufferPointer?) -> Void
    ) throws(StoreError) {
        try checkActive()
        try withinStatement { () throws(StoreError) in
            _ = try core.lookUp(PackedKeys(count: count, key: key)) { key, hash throws(StoreError) in
                let found: Void? = try find(
                    key, hash: hash, isGuarded: isGuarded, { body($0.buffer) },
                    large: { $0.withUnsafeBytes(body) })
                if found == nil { body(nil) }
            }
        }
    }
}

extension PackedKeys {
    fileprivate init(count: Int, key: (Int) -> UnsafeRawBufferPointer) {
        self.init(capacity: count)
        for index in 0..<count { append(key(index).bytes) }
    }
}
