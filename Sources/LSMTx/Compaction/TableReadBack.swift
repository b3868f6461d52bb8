extension TableDescriptor {
    /// Reads the table back before it is published, as what it was made of goes then.
    ///
    /// - Parameters:
    ///   - entries: How many were put in.
    ///   - rangeTombstones: Likewise.
    /// - Throws: `corrupt` when it does not hold what it should; `io` when it cannot be read.
    func readBack(from file: StoreFile, entries: UInt64, rangeTombstones: Int) throws(StoreError) {
        let found = try Table(descriptor: self, file: file, cache: BlockCache(capacity: 0)).verify()
        if let finding = found.findings.first { throw finding }
        guard found.entryCount == entries else {
            throw .corrupt(
                "A new table has \(found.entryCount) of \(entries) entries.", structure: "table",
                offset: properties.offset)
        }
        guard found.rangeTombstoneCount == UInt64(rangeTombstones) else {
            throw .corrupt(
                "A new table has \(found.rangeTombstoneCount) of \(rangeTombstones) range tombstones.",
                structure: "table", offset: properties.offset)
        }
    }
}
