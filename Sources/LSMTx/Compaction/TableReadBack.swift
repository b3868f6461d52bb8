extension TableDescriptor {
    /// Reads the table back before it is published, as what it was made of goes then.
    ///
    /// - Parameter entries: How many were put in.
    /// - Throws: `corrupt` when it does not hold what it should; `io` when it cannot be read.
    func readBack(from file: StoreFile, entries: UInt64) throws(StoreError) {
        let found = try Table(descriptor: self, file: file, cache: BlockCache(capacity: 0)).verify()
        if let finding = found.findings.first { throw finding }
        guard found.entryCount == entries else {
            throw .corrupt("A new table has \(found.entryCount) of \(entries) entries.", structure: "table")
        }
    }
}
