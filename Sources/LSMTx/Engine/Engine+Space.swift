internal import Synchronization

/// The file's size: what is free is given back to the file system while the store is open, and a close leaves little
/// beside live data where that takes a bounded time.
extension Engine {
    // MARK: While it is open

    /// Called by the background worker, between its tasks, or when it has been idle for a moment.
    ///
    /// 1. A free tail is cut off when it is longer than ``EngineOptions/freeTailBytes``; half of that stays.
    /// 2. Space goes to who needs it from the lowest free range on, so what is free above the first
    ///    ``EngineOptions/freeTailBytes`` is likely to stay so. What was free at the last look and still is, is punched.
    ///
    /// - Returns: Whether another look may find more.
    /// - Throws: `diskFull`, which changes nothing; after any other error the store is poisoned. One that is poisoned
    ///   changes nothing more.
    @discardableResult
    func giveSpaceBack() throws(StoreError) -> Bool {
        guard poison.first == nil else { return false }
        do throws(StoreError) {
            let spare = UInt64(options.freeTailBytes)
            let length = try file.device.length()
            let used = file.allocator.usedEnd
            if length > used, length - used > spare { try file.cutTail(leaving: spare / 2) }
            guard file.device.canPunch else { return false }
            let free = FileRangeSet(file.allocator.freeRanges).dropping(spare).subtracting(file.punchedRanges)
            let stable = lastFree.withLock { last in
                defer { last = free }
                return free.intersection(last)
            }
            try file.punch(stable, limit: UInt64(options.punchBytes))
            return free.ranges.contains { $0.length >= StoreFile.smallestHoleBytes }
        } catch {
            if error.code != .diskFull { acceptNoMore(since: error) }
            throw error
        }
    }

    // MARK: At a close

    /// Compacts, and moves tables towards the beginning of the file, as far as that reads and writes at most
    /// ``EngineOptions/closeBytes`` of tables.
    ///
    /// 1. If that is enough for everything, and more than a tenth is garbage (half, if everything is more than half of
    ///    that), by a sample, everything is merged into one level. If it is not enough, the compactions that are due are
    ///    done, and a quarter of it is all that is spent on that and on the next step.
    /// 2. While more than a twentieth of the file is free, the table that reaches furthest is rewritten into lower space.
    ///    One that is larger than that space becomes several, which then find place one by one.
    ///
    /// What it cannot do for want of space, or because a table is damaged, stays undone: that is no reason not to close.
    func tidyForClose() throws(StoreError) {
        do throws(StoreError) {
            var left = UInt64(options.closeBytes)
            if try !compactForClose(&left) {
                left /= 4
                while try shapeForClose(&left) {}
            }
            while try moveTailForClose(&left) {}
        } catch {
            guard poison.first == nil, error.code == .diskFull || error.code == .corrupt else { throw error }
        }
    }

    private func shapeForClose(_ left: inout UInt64) throws(StoreError) -> Bool {
        let version = versions.current
        let levels = version.levels.map { $0.map(\.descriptor) }
        let plan = CompactionPicker.pick(levels: levels, options: compactionOptions, avoiding: damage.ids)
        guard let plan, CompactionPicker.bytes(plan.inputs) <= left else { return false }
        left -= CompactionPicker.bytes(plan.inputs)
        try closeCompact(plan, of: version, announceReadPoints())
        return true
    }

    private func compactForClose(_ left: inout UInt64) throws(StoreError) -> Bool {
        let version = versions.current
        let levels = version.levels.map { $0.map(\.descriptor) }
        guard let plan = CompactionPicker.everything(levels: levels) else { return true }
        let points = announceReadPoints()
        let total = CompactionPicker.bytes(plan.inputs)
        guard total <= left, !plan.takes(anyOf: damage.ids) else { return false }
        // Much that goes is only read; what stays is written too, and a large part of much would take long.
        let share: UInt64 = total <= left / 2 ? 10 : 2
        guard plan.garbageBound(points) * share > total,
            try GarbageSample(readPoints: points).droppableBytes(of: version) * share > total
        else { return true }
        left -= total
        try closeCompact(plan, of: version, points)
        return true
    }

    private func moveTailForClose(_ left: inout UInt64) throws(StoreError) -> Bool {
        let version = versions.current
        let tables = version.tables.map(\.descriptor)
        guard let highest = tables.max(by: { $0.fileEnd < $1.fileEnd }) else { return false }
        let end = highest.fileEnd
        let below = file.allocator.freeRanges.filter { $0.end <= end }
        guard below.reduce(0, { $0 + $1.length }) * 20 > CompactionPicker.bytes(tables) else { return false }
        let levels = version.levels.map { $0.map(\.descriptor) }
        // The order of level 0 is that of its tables' numbers, so one of them cannot be written anew there.
        let plan =
            highest.level == 0
            ? CompactionPicker.levelZero(levels, reason: .tail)
            : CompactionPicker.rewrite(highest, in: levels, reason: .tail)
        let bytes = CompactionPicker.bytes(plan.inputs)
        // Tables take whole extents and give back the rest of the last one.
        let room = below.reduce(0) { $0 + $1.length / file.extentBytes * file.extentBytes }
        guard bytes <= left, !plan.takes(anyOf: damage.ids) else { return false }
        left -= bytes
        if bytes + file.extentBytes * UInt64(plan.inputs.count) <= room {
            try closeCompact(plan, of: version, announceReadPoints())
            return (versions.current.tables.map(\.descriptor.fileEnd).max() ?? 0) < end
        }
        // Halves of the room: the first goes there, and the others into what the whole leaves.
        let part = room / 2 / file.extentBytes * file.extentBytes
        guard part >= 2 * file.extentBytes, part < bytes else { return false }
        try closeCompact(plan, of: version, announceReadPoints(), tableBytes: part - file.extentBytes)
        return true
    }

    /// - Parameter tableBytes: How large the new tables may be, if not as large as ever.
    private func closeCompact(
        _ plan: CompactionPlan, of version: Version, _ points: ReadPoints, tableBytes: UInt64? = nil
    ) throws(StoreError) {
        _ = try compact(
            plan, of: version, points, tableBytes: tableBytes,
            shouldStop: { self.poison.first != nil })
        Epoch.drain()
    }

    /// Writes the manifests anew if they lie above free space: they were written while more was in use, and would keep
    /// the tail from being cut.
    func moveManifestDown() throws(StoreError) {
        do throws(StoreError) {
            // Each turn frees what the one before took.
            for _ in 0..<3 where manifestCouldMoveDown() {
                _ = try versions.apply(VersionEdit(), movesManifest: true) { _ in }
            }
        } catch {
            guard error.code == .diskFull else { throw error }
        }
    }

    private func manifestCouldMoveDown() -> Bool {
        let extents = versions.manifests.flatMap(\.extents)
        let longest = extents.map(\.length).max() ?? 0
        let highest = extents.map(\.offset).max() ?? 0
        return file.allocator.freeRanges.contains { $0.length >= 2 * longest && $0.offset < highest }
    }
}

extension TableDescriptor {
    /// Where the table's last extent ends.
    fileprivate var fileEnd: UInt64 { extents.map(\.end).max() ?? 0 }
}

extension CompactionPlan {
    /// How much a merge of everything may drop at most, about: what lies above the last level, where it overlaps other
    /// tables, and what is droppable for certain.
    fileprivate func garbageBound(_ points: ReadPoints) -> UInt64 {
        let last = inputs.map(\.level).max() ?? 0
        var bytes: UInt64 = 0
        for table in inputs {
            let isBelow = table.level == last && last > 0
            let overlaps = inputs.contains { other in
                other.id != table.id && other.bounds.overlaps(table.bounds)
            }
            bytes +=
                !isBelow && overlaps
                ? table.fileBytes : min(points.droppableBytes(of: table, isBottom: true), table.fileBytes)
        }
        return bytes
    }
}
