/// The integrity check: reads everything that the file holds and compares what describes the same thing twice.
///
/// 1. Both superblock slots, and the manifest.
/// 2. Every table, block by block (``Table/verify()``), and the order of level 0 in time.
/// 3. The log, from its start to its end, down to the operations of each commit.
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
        let total = version.tables.reduce(0) { $0 + $1.descriptor.fileBytes }
        try progress(0, total)
        for table in version.tables {
            let verification = try table.verify()
            result.tables += 1
            result.blocks += verification.blockCount
            result.entries += verification.entryCount
            result.bytes += verification.bytes
            result.findings += verification.findings
            try progress(min(result.bytes, total), total)
        }
        checkLevelZero(version, into: &result)
        try checkLog(into: &result)
        try checkOwnership(into: &result)
        try progress(total, total)
        return result
    }

    private func checkSuperblocks(into result: inout CheckResult) throws(StoreError) {
        for slot in try SuperblockSlots.damagedSlots(of: file.device) {
            result.findings.append(
                .corrupt(
                    "A superblock slot is damaged; the other one is whole, and nothing is lost.",
                    structure: "superblock", offset: Superblock.slotOffsets[slot]))
        }
        for manifest in versions.manifests {
            do throws(StoreError) {
                _ = try Manifest.read(manifest, from: file)
            } catch {
                guard error.code == .corrupt else { throw error }
                result.findings.append(error)
            }
        }
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
        var last = Timestamp.zero
        do throws(StoreError) {
            let superblock = versions.superblock
            let replay = try reader.replay(from: superblock.logStart, mustReach: superblock.logReach) {
                lsn, payload throws(StoreError) in
                let group = try CommitRecord.decode(payload, fileOffset: lsn.rawValue)
                guard group.firstTimestamp > last else {
                    throw .corrupt(
                        "The log goes back from timestamp \(last) to \(group.firstTimestamp).", structure: "log")
                }
                last = group.lastTimestamp
            }
            result.logGroups = replay.groups
            result.bytes += replay.payloadBytes
        } catch {
            guard error.code == .corrupt else { throw error }
            result.findings.append(error)
        }
    }

    private func checkOwnership(into result: inout CheckResult) throws(StoreError) {
        // An extent is without an owner for the moment between being taken and being named, so a gap must last.
        var gap = pageAudit()
        for _ in 0..<20 where gap != nil && log != nil {
            SystemClock.sleep(microseconds: 20_000)
            gap = pageAudit()
        }
        if let gap { result.findings.append(gap) }
        let length = try file.device.length()
        let end = file.allocator.end
        if length < end {
            result.findings.append(
                .corrupt("The file is shorter than its contents.", structure: "file", offset: length))
        } else if log == nil, versions.superblock.isClean, length > end {
            result.findings.append(.corrupt("The file is longer than its contents.", structure: "file", offset: end))
        }
    }

    /// Whether every page of the file has exactly one owner, or is free; `nil` when it is so.
    package func pageAudit() -> StoreError? {
        let version = versions.current
        var ranges = SuperblockSlots.extents + versions.manifests.flatMap(\.extents)
        for table in version.tables { ranges += table.descriptor.extents }
        ranges += log?.extents ?? replayedSegments
        ranges += file.allocator.freeRanges + file.allocator.retiredRanges
        var end: UInt64 = 0
        for range in ranges.sorted(by: { $0.offset < $1.offset }) {
            if range.offset < end {
                return .corrupt("Two structures own the same bytes.", structure: "extent", offset: range.offset)
            }
            if range.offset > end {
                return .corrupt("Nothing owns these bytes, and they are not free.", structure: "extent", offset: end)
            }
            end = range.end
        }
        guard end == file.allocator.end else {
            return .corrupt("Nothing owns these bytes, and they are not free.", structure: "extent", offset: end)
        }
        return nil
    }
}
