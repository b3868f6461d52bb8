/// Changes that are worked out when the transaction commits.
extension Transaction {
    /// Changes a key's value, when the transaction commits, to what the mutation makes of the value that the key has then.
    ///
    /// To the mutation, the transaction reads nothing: it does not fail because others have changed the key, and others that
    /// mutate it do not fail because of it, at any level. All of them count, one after the other in the order of commits.
    /// Those that have read the key conflict with a mutation as with any other write.
    ///
    /// On a key that the transaction has put or deleted itself, it is carried out at once. Else the transaction's reads of
    /// the key show what it would give now, and are reads like any other.
    ///
    /// ```swift
    /// try database.write { t in
    ///     try t.put("order/7", "2 seats")
    ///     try t.mutate("seats left", .add(-2))
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - key: At most ``Limits/maximumKeyBytes``; may be empty.
    ///   - mutation: What to do; bytes that it is given are at most ``Limits/largeValueBytes``.
    /// - Throws: `tooLarge`; `misuse` when a versionstamp has no place at its offset; `closed`; and when the key has a value
    ///   over ``Limits/largeValueBytes`` that the transaction has put itself, `corrupt` or `io` if it cannot be read. The
    ///   transaction is unchanged then.
    /// - Complexity: O(bytes of key and mutation). The commit looks up the key's value once.
    @inlinable
    public func mutate(_ key: some ByteSource, _ mutation: Mutation) throws(StoreError) {
        try key.withBytes { key throws(StoreError) in try mutate(key: key, mutation) }
    }

    @usableFromInline
    func mutate(key: RawSpan, _ mutation: Mutation) throws(StoreError) {
        try checkActive()
        try key.withUnsafeBytes { key throws(StoreError) in
            try mutation.withOperand { kind, operand, stampOffset throws(StoreError) in
                try mutate(BorrowedBytes(key), kind, operand, stampOffset)
            }
        }
        if writes.hasLargeValues { writes.releaseSuperseded(core.giveBack) }
    }

    private func mutate(
        _ key: BorrowedBytes, _ mutation: PendingMutation, _ operand: BorrowedBytes, _ stampOffset: Int
    ) throws(StoreError) {
        guard operand.count <= Limits.largeValueBytes else {
            throw StoreError(
                .tooLarge, "A mutation of \(operand.count) bytes is over the limit of \(Limits.largeValueBytes).",
                remedy: "Put the value instead, or split it over several keys; nothing of this call was done.")
        }
        try checkSizes(key: key.count, value: operand.count, inBatch: operand.count)
        if mutation == .stampedValue {
            try checkStamp(at: stampOffset, in: operand.count)
        } else if writes.pendingEntry(of: key) == nil, let own = writes.find(key) {
            return try mutateOwn(own, mutation, operand)
        }
        writes.mutate(key, mutation, operand: operand, stampOffset: stampOffset)
    }

    /// Carries out a mutation of what the transaction has written itself.
    private func mutateOwn(
        _ own: WriteOperation, _ mutation: PendingMutation, _ operand: BorrowedBytes
    ) throws(StoreError) {
        // The operation is lent until the next write.
        let key = own.key.array
        var result = operand.array
        if own.kind != .tombstone {
            guard mutation != .setIfAbsent else { return }
            let value = own.kind == .largeValue ? try core.ownLargeValue(own.value, of: own.key) : own.value.array
            result.withUnsafeMutableBytes { result in
                value.withUnsafeBytes { mutation.compute(result, from: BorrowedBytes($0)) }
            }
        }
        key.withUnsafeBytes { key in
            result.withUnsafeBytes { writes.put(key: BorrowedBytes(key), value: BorrowedBytes($0)) }
        }
    }

    private func checkStamp(at offset: Int, in count: Int) throws(StoreError) {
        guard offset < 0 || offset > count - Timestamp.versionstampBytes else { return }
        throw StoreError(
            .misuse,
            "\(count) bytes have no place for the \(Timestamp.versionstampBytes) of a versionstamp at \(offset).",
            remedy: "Leave place for it; nothing of this call was done.")
    }

    /// Gives a key a value, when the transaction commits, in which ten bytes are the commit's
    /// ``Timestamp/versionstamp``: the keys that several commits make so are in the order of the commits.
    ///
    /// The transaction's own reads do not show the key, which nobody knows before the commit. All that are made by one
    /// transaction have the same stamp, and should differ in other bytes. A range that is deleted later in
    /// the transaction takes the key with it, if it lies in the range.
    ///
    /// ```swift
    /// let stamp = [UInt8](repeating: 0, count: 10)
    /// try database.write { t in
    ///     try t.put(versionstampedKey: Array("event/".utf8) + stamp, at: 6, "Ada has come")
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - template: The key, with any ten bytes in the place of the stamp; at most ``Limits/maximumKeyBytes``.
    ///   - offset: Where the stamp begins.
    ///   - value: At most ``Limits/maximumValueBytes``; may be empty.
    /// - Throws: As ``put(_:_:)``, and `misuse` when the stamp has no place at its offset.
    /// - Complexity: O(bytes of key and value).
    @inlinable
    public func put(
        versionstampedKey template: some ByteSource, at offset: Int, _ value: some ByteSource
    ) throws(StoreError) {
        try template.withBytes { template throws(StoreError) in
            try value.withBytes { value throws(StoreError) in
                try put(stampedKey: template, at: offset, value: value)
            }
        }
    }

    @usableFromInline
    func put(stampedKey template: RawSpan, at offset: Int, value: RawSpan) throws(StoreError) {
        try checkActive()
        let isLarge = core.isLarge(value.byteCount)
        try checkSizes(
            key: template.byteCount, value: value.byteCount,
            inBatch: isLarge ? LargeValueReference.encodedBytes : value.byteCount)
        try checkStamp(at: offset, in: template.byteCount)
        try template.withUnsafeBytes { template throws(StoreError) in
            try value.withUnsafeBytes { value throws(StoreError) in
                let template = BorrowedBytes(template)
                guard isLarge else {
                    return writes.put(
                        stampedKey: template, stampOffset: offset, value: BorrowedBytes(value), kind: .value)
                }
                try core.writeLargeValue(BorrowedBytes(value)).withEncoded {
                    writes.put(stampedKey: template, stampOffset: offset, value: $0, kind: .largeValue)
                }
            }
        }
    }

    /// The value of a key on which mutations are pending.
    func mutatedValue(of key: BorrowedBytes, _ pending: Int, isGuarded: Bool) throws(StoreError) -> [UInt8]? {
        let chain = writes.chain(to: pending)
        try writes.checkReadable(chain)
        let base = try findCommitted(key, isGuarded: isGuarded, { $0.array }, large: { $0 })
        return try writes.result(of: chain, on: base)
    }
}
