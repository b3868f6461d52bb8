/// Looking at what is stored, whoever can read it.
extension Engine {
    /// Whether memtables wait for their flush.
    var hasFrozenMemtables: Bool { state.withLock { !$0.frozen.isEmpty } }

    /// How many versions of a key there are in memtables and tables.
    func versions(of key: [UInt8]) throws(StoreError) -> Int {
        try key.span.withUnsafeBytes { key throws(StoreError) in
            let view = currentView()
            let key = BorrowedBytes(key)
            var count = 0
            for memtable in view.memtables {
                // The active one cannot be walked; each version is found below the one before.
                var next = Timestamp.max
                while let found = memtable.find(key, hash: xxh3(key), at: next) {
                    count += 1
                    guard found.timestamp > .zero else { break }
                    next = Timestamp(rawValue: found.timestamp.rawValue - 1)
                }
            }
            for table in view.version.tables {
                var cursor = table.versions()
                try cursor.seek(to: key)
                while cursor.isValid, KeyOrder.compare(cursor.key, key) == 0 {
                    count += 1
                    try cursor.next()
                }
            }
            return count
        }
    }
}
