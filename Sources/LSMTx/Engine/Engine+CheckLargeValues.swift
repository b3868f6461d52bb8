/// The large values that a check meets.
extension Engine {
    /// What is wrong with the large value of a table's entry.
    ///
    /// While the store is at work, a compaction may drop the entry, and its extent may be another's when it is read. So
    /// a value that seems damaged is looked for again, in an epoch, in which what is found is not given to others.
    func damage(
        to reference: LargeValueReference, of key: [UInt8], at timestamp: Timestamp
    ) throws(StoreError) -> StoreError? {
        guard try damage(to: reference, of: key) != nil else { return nil }
        return try withView { view throws(StoreError) in
            guard try isNamed(reference, by: key, at: timestamp, in: view) else { return nil }
            return try damage(to: reference, of: key)
        }
    }

    private func isNamed(
        _ reference: LargeValueReference, by key: [UInt8], at timestamp: Timestamp, in view: ReadView
    ) throws(StoreError) -> Bool {
        do throws(StoreError) {
            return try key.span.withUnsafeBytes { bytes throws(StoreError) in
                let key = BorrowedBytes(bytes)
                guard let found = try view.find(key, hash: xxh3(key), at: timestamp), found.kind == .largeValue else {
                    return false
                }
                return found.timestamp == timestamp && LargeValueReference(verified: found.value) == reference
            }
        } catch {
            // A block that cannot be read is a finding of its own.
            guard error.code == .corrupt else { throw error }
            return false
        }
    }

    /// What is wrong with the large values that a group of the log names.
    func damagedLargeValues(of group: CommitRecord.Group) throws(StoreError) -> [StoreError] {
        var findings: [StoreError] = []
        for member in group.members {
            var operations = member.operations
            while let operation = operations.next() {
                guard operation.kind == .largeValue else { continue }
                let reference = LargeValueReference(verified: operation.value)
                if let damage = try damage(to: reference, of: operation.key.array) { findings.append(damage) }
            }
        }
        return findings
    }

    private func damage(to reference: LargeValueReference, of key: [UInt8]) throws(StoreError) -> StoreError? {
        do throws(StoreError) {
            try file.verifyLargeValue(reference)
            return nil
        } catch {
            guard error.code == .corrupt else { throw error }
            return error.covering(KeyRange(from: key, upTo: key + [0]))
        }
    }
}
