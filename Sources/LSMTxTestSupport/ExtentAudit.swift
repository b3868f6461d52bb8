package import LSMTx

/// Checks that every page of a store's file is owned exactly once: by a superblock slot, the manifest, a table or the
/// log, or that the allocator has it as free, retired, held, or pending for a large value.
///
/// It looks at one moment, so nothing may be writing meanwhile.
package enum ExtentAudit {
    /// What is wrong, in words; empty when nothing is.
    package static func findings(in engine: Engine) -> [String] {
        var owners: [(range: FileRange, owner: String)] = []
        func add(_ ranges: [FileRange], _ owner: String) { owners += ranges.map { ($0, owner) } }
        add(SuperblockSlots.extents, "superblock")
        add(engine.versions.manifests.flatMap(\.extents), "manifest")
        for table in engine.versions.current.tables {
            add(table.descriptor.ownedExtents, "table \(table.descriptor.id)")
        }
        add(engine.log?.extents ?? [], "log")
        let accounts = engine.file.allocator.accounts
        owners += accounts.ranges.map { ($0.range, $0.state) }
        owners.sort { $0.range.offset < $1.range.offset }

        var findings: [String] = []
        var end: UInt64 = 0
        var last = "the file's beginning"
        for (range, owner) in owners {
            if range.offset > end {
                findings.append("nobody owns \(FileRange(offset: end, length: range.offset - end)), after \(last)")
            } else if range.offset < end {
                findings.append("\(last) and \(owner) both own bytes from \(range.offset)")
            }
            end = max(end, range.end)
            last = owner
        }
        if end != accounts.end {
            findings.append("the allocator's end is \(accounts.end), the last extent's \(end)")
        }
        return findings
    }
}
