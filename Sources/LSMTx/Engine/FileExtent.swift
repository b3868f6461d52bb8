/// A part of the file, and what it is for.
package struct FileExtent: Hashable, Sendable {
    /// What a part of the file is for.
    package enum Use: Hashable, Sendable {
        case superblock
        case manifest
        case log
        /// Of a table in this level.
        case table(TableID, level: Int)
        case largeValue
        case free
        /// Free as soon as the older superblock slot, or the last reader, does not need it any more; or being written.
        case held
        /// Beyond all that the store has used.
        case spare
    }

    package let range: FileRange
    package let use: Use

    package init(range: FileRange, use: Use) {
        self.range = range
        self.use = use
    }
}

extension Engine {
    /// What each part of the file is for, without gaps, in order. Neighbours of the same use are one.
    ///
    /// - Complexity: O(n log n) in the number of extents, large values included.
    package func fileExtents() throws(StoreError) -> [FileExtent] {
        let length = try file.device.length()
        let owned = versions.withoutChanges { ownedExtents() }.sorted { $0.range.offset < $1.range.offset }
        var extents: [FileExtent] = []
        var end: UInt64 = 0
        func append(_ range: FileRange, _ use: FileExtent.Use) {
            guard range.length > 0 else { return }
            if let last = extents.last, last.use == use {
                let joined = FileRange(offset: last.range.offset, length: range.end - last.range.offset)
                extents[extents.count - 1] = FileExtent(range: joined, use: use)
            } else {
                extents.append(FileExtent(range: range, use: use))
            }
            end = range.end
        }
        for extent in owned where extent.range.offset >= end {
            append(FileRange(offset: end, length: extent.range.offset - end), .held)
            append(extent.range, extent.use)
        }
        if length > end { append(FileRange(offset: end, length: length - end), .spare) }
        return extents
    }

    /// As of one moment; what is being written has no owner.
    private func ownedExtents() -> [FileExtent] {
        var extents = SuperblockSlots.extents.map { FileExtent(range: $0, use: .superblock) }
        func add(_ ranges: [FileRange], _ use: FileExtent.Use) {
            extents += ranges.map { FileExtent(range: $0, use: use) }
        }
        add(versions.manifests.first?.extents ?? [], .manifest)
        // Edits of both slots' manifests may be the same blocks.
        let current = Set((versions.manifests.first?.extents ?? []).map(\.offset))
        add(versions.manifests.dropFirst().flatMap(\.extents).filter { !current.contains($0.offset) }, .manifest)
        for table in versions.current.tables {
            add(table.descriptor.extents, .table(table.descriptor.id, level: table.descriptor.level))
            add(table.descriptor.largeValues, .largeValue)
        }
        add(log?.extents ?? replayedSegments, .log)
        for (range, state) in file.allocator.accounts.ranges {
            extents.append(FileExtent(range: range, use: Self.use(ofUnpublished: state)))
        }
        return extents
    }

    private static func use(ofUnpublished state: String) -> FileExtent.Use {
        switch state {
        case "free": .free
        case "pending large value": .largeValue
        default: .held
        }
    }
}
