/// The integrity check: reads everything that the file holds and compares what describes the same thing twice.
///
/// 1. Both superblock slots, and the manifest.
/// 2. Every table, block by block (``Table/verify(largeValue:)``), its large values, and the order of level 0 in time.
/// 3. The log, from its start to its end, down to the operations of each commit, and its large values.
/// 4. The ownership of the file's pages: what the structures own and what is free are disjoint, and together they are
///    the whole file.
extension Engine {
    /// What a check went through and found.
    package struct CheckResult: Sendable {
        package var findings: [StoreError] = []
        package var tables = 0
        package var blocks = 0
        package var entries: UInt64 = 0
        package var logGroups = 0
        package var bytes: UInt64 = 0
    }

    /// Reads everything. Commits and flushes may go on meanwhile.
    ///
    /// - Parameter progress: Called with bytes done and bytes in all, now and then; throws to stop.
    /// - Throws: What is not damage, as when the device fails, and what `progress` throws.
    package func check(
        progress: (_ done: UInt64, _ total: UInt64) throws -> Void
    ) throws -> CheckResult {
        var result = CheckResult()
        try checkSuperblocks(into: &result)
        let version = versions.current
        let total = version.tables.reduce(0) { $0 + $1.descriptor.fileBytes + $1.descriptor.largeValueBytes }
        try progress(0, total)
        for table in version.tables {
            var ofValues = (findings: [StoreError](), bytes: UInt64(0))
            let verification = try table.verify { key, timestamp, reference throws(StoreError) in
                if let damage = try self.damage(to: reference, of: key, at: timestamp) {
                    ofValues.findings.append(damage)
                }
                ofValues.bytes += UInt64(reference.count)
            }
            result.tables += 1
            result.blocks += verification.blockCount
            result.entries += verification.entryCount
            result.bytes += verification.bytes
            result.findings += verification.findings + ofValues.findings
            result.bytes += ofValues.bytes
            try progress(min(result.bytes, total), total)
        }
        checkLevelZero(version, into: &result)
        try checkLog(into: &result)
        try checkOwnership(into: &result)
        try progress(total, total)
        return result
    }

    private func checkSuperblocks(into result: inout CheckResult) throws(StoreError) {
        // A slot that is read while it is being written may look damaged.
        let damaged = try lasting { () throws(StoreError) in
            try SuperblockSlots.damagedSlots(of: file.device).map { FileRange(offset: UInt64($0), length: 1) }
        }
        for slot in damaged {
            result.findings.append(
                .corrupt(
                    "A superblock slot is damaged; the other one is whole, and nothing is lost.",
                    structure: "superblock", offset: Superblock.slotOffsets[Int(slot.offset)]))
        }
        result.findings += try unlessReplaced(
            { versions.manifests },
            check: { (manifests) throws(StoreError) in
                var findings: [StoreError] = []
                for manifest in manifests {
                    do throws(StoreError) {
                        _ = try Manifest.read(manifest, from: file)
                    } catch {
                        guard error.code == .corrupt else { throw error }
                        findings.append(error)
                    }
                }
                return findings
            })
    }

    /// What `check` finds wrong with `subject`, whose space is given to others once the store has a newer one: then
    /// what was found means nothing, and the newer one is looked at. A store that flushes faster than it can be looked
    /// at is let off after some tries.
    private func unlessReplaced<Subject: Equatable>(
        _ subject: () -> Subject, check: (Subject) throws(StoreError) -> [StoreError]
    ) throws(StoreError) -> [StoreError] {
        for _ in 0..<20 {
            let looked = subject()
            let findings = try check(looked)
            if findings.isEmpty || looked == subject() { return findings }
        }
        return []
    }

    /// What `look` finds again and again. While the store is at work, what is between two states may look wrong for a
    /// moment, and something else a moment later.
    private func lasting(_ look: () throws(StoreError) -> [FileRange]) throws(StoreError) -> [FileRange] {
        var found = try look()
        for _ in 0..<20 where !found.isEmpty && log != nil {
            SystemClock.sleep(microseconds: 20_000)
            found = FileRange.common(found, try look())
        }
        return found
    }

    /// A newer table of level 0 is newer as a whole, so the first one that has a key decides a read.
    private func checkLevelZero(_ version: Version, into result: inout CheckResult) {
        let tables = version.levels[0].map(\.descriptor)
        for (newer, older) in zip(tables, tables.dropFirst())
        where newer.smallestTimestamp <= older.largestTimestamp {
            result.findings.append(
                .corrupt(
                    "Tables \(older.id) and \(newer.id) overlap in time.", structure: "manifest",
                    offset: newer.properties.offset))
        }
    }

    private func checkLog(into result: inout CheckResult) throws(StoreError) {
        let reader = LogReader(device: file.device, identity: file.identity)
        var groups = 0
        var payloadBytes: UInt64 = 0
        // A flush moves the log's start, and what lies before it is used again.
        result.findings += try unlessReplaced(
            { versions.superblock.logStart },
            check: { _ throws(StoreError) in
                var last = Timestamp.zero
                var ofValues: [StoreError] = []
                do throws(StoreError) {
                    let superblock = versions.superblock
                    let replay = try reader.replay(from: superblock.logStart, mustReach: superblock.logReach) {
                        lsn, payload throws(StoreError) in
                        let group = try CommitRecord.decode(payload, after: last, fileOffset: lsn.rawValue)
                        last = group.lastTimestamp
                        ofValues += try damagedLargeValues(of: group)
                    }
                    groups = replay.groups
                    payloadBytes = replay.payloadBytes
                    return ofValues
                } catch {
                    guard error.code == .corrupt else { throw error }
                    return ofValues + [error]
                }
            })
        result.logGroups = groups
        result.bytes += payloadBytes
    }

    private func checkOwnership(into result: inout CheckResult) throws(StoreError) {
        // What a flush or a compaction is writing has no owner yet, so neither is at work during this, and nobody names a
        // snapshot. A log segment is without one only for the moment between being taken and being named.
        let (unowned, shared) = try withQuietBackground { () throws(StoreError) in
            (
                try lasting { versions.withoutChanges { pageAudit().unowned } },
                try lasting { versions.withoutChanges { pageAudit().shared } }
            )
        }
        for range in unowned {
            result.findings.append(
                .corrupt(
                    "Nothing owns these bytes, and they are not free.", structure: "extent", offset: range.offset))
        }
        for range in shared {
            result.findings.append(
                .corrupt("Two structures own the same bytes.", structure: "extent", offset: range.offset))
        }
        let missing = try lasting { () throws(StoreError) in
            let end = file.allocator.end
            let length = try file.device.length()
            return length < end ? [FileRange(offset: length, length: end - length)] : []
        }
        for range in missing {
            result.findings.append(
                .corrupt("The file is shorter than its contents.", structure: "file", offset: range.offset))
        }
    }

    /// Bytes of the file that nothing owns and that are not free, and bytes that have two owners.
    private func pageAudit() -> (unowned: [FileRange], shared: [FileRange]) {
        let version = versions.current
        var ranges = SuperblockSlots.extents + versions.manifests.flatMap(\.extents)
        for table in version.tables { ranges += table.descriptor.ownedExtents }
        ranges += log?.extents ?? replayedSegments
        let accounts = file.allocator.accounts
        ranges += accounts.ranges.map(\.range)
        ranges.append(FileRange(offset: accounts.end, length: 0))
        var unowned: [FileRange] = []
        var shared: [FileRange] = []
        var end: UInt64 = 0
        for range in ranges.sorted(by: { $0.offset < $1.offset }) {
            if range.offset > end { unowned.append(FileRange(offset: end, length: range.offset - end)) }
            if range.offset < end, range.length > 0 {
                shared.append(FileRange(offset: range.offset, length: min(end, range.end) - range.offset))
            }
            end = max(end, range.end)
        }
        if end > accounts.end { unowned.append(FileRange(offset: accounts.end, length: end - accounts.end)) }
        return (unowned, shared)
    }
}

extension FileRange {
    /// What lies in a range of both lists, each in order and disjoint.
    fileprivate static func common(_ a: [FileRange], _ b: [FileRange]) -> [FileRange] {
        var result: [FileRange] = []
        var (first, second) = (a[...], b[...])
        while let left = first.first, let right = second.first {
            let start = max(left.offset, right.offset)
            let end = min(left.end, right.end)
            if start < end { result.append(FileRange(offset: start, length: end - start)) }
            if left.end <= right.end { first.removeFirst() } else { second.removeFirst() }
        }
        return result
    }
}
