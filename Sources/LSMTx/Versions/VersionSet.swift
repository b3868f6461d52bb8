/// The current version, and the one way to a next one: write the manifest, sync, write the superblocks, publish.
///
/// The steps of a change (R1 in Recovery):
/// 1. The caller has written the tables and log segments that the edit names.
/// 2. The edit is written to the manifest, in fresh space; twice, since each slot has a manifest of its own, so that
///    damage to one leaves the other.
/// 3. One sync makes 1 and 2 durable. If it fails, no superblock is written, and the store accepts no more commits.
/// 4. The older superblock slot is written with the next generation, durably; then the other slot too, with the one
///    after it. From the first of the two on, the change has happened. With both written, no slot names the old
///    state, and what it alone used can be reused at once (R4). The second write costs one small durable write per
///    flush; without it, every flush would leave a whole memtable's log waiting for the next.
/// 5. The new version is published to readers by the caller.
/// 6. The extents of a table that went are held until the last version, view or iterator that has it is gone; so are
///    those of its large values that no new table has taken over.
///
/// Several threads may change the set: the background worker, and whoever names a snapshot or changes the retention.
/// `changes` lets one in at a time, for all the steps; `state` is locked within it, for moments. What a caller works out
/// before it calls may be about a state that others have replaced meanwhile, so:
/// - tables are named by an edit, which is applied to whatever is current then. Those who write tables see to it
///   themselves that no two edits remove the same one.
/// - the generation that a change replaces is the one that `update` finds in the superblock.
/// - the generation that an extent is marked with at its birth may be older than the one that first names it. That
///   only means that it is taken to be older than it is.
package final class VersionSet: Sendable {
    package let file: StoreFile
    private let cache: BlockCache

    private struct State {
        /// The newest one, in the slot that is not `olderSlot`.
        var superblock: Superblock
        var olderSlot: Int
        /// The manifest that the older slot names, when it leads to the current version and shares no block with the
        /// newer one's; else the next change gives that slot a manifest of its own.
        var olderManifest: ManifestPointers?
        var version: Version
        var history: RetainedHistory
    }

    private let state: Guarded<State>
    /// Held during a change, its writes and syncs included.
    private let changes = Guarded(())

    /// - Parameters:
    ///   - slots: What was read from the superblock slots.
    ///   - edits: The manifest's edits, base first.
    ///   - twin: The older slot's manifest, if it leads to the same tables through blocks of its own.
    package init(
        file: StoreFile, cache: BlockCache, slots: SuperblockSlots.Contents, edits: [VersionEdit],
        twin: ManifestPointers?
    ) throws(StoreError) {
        self.file = file
        self.cache = cache
        var version = Version.empty
        for edit in edits {
            version = try version.applying(edit) { Table(descriptor: $0, file: file, cache: cache) }
        }
        if let table = version.tables.first(where: { $0.descriptor.id >= slots.current.nextTableID }) {
            throw .corrupt("Table \(table.descriptor.id) has a number not yet given.", structure: "manifest")
        }
        let history = try RetainedHistory(edits)
        let newest = ([history.collectedFloor] + history.snapshots.map(\.timestamp)).max() ?? .zero
        guard newest <= slots.current.timestampFloor else {
            throw .corrupt("Something is kept for timestamp \(newest), which was not given yet.", structure: "manifest")
        }
        state = Guarded(
            State(
                superblock: slots.current, olderSlot: 1 - slots.currentSlot, olderManifest: twin, version: version,
                history: history))
    }

    package var current: Version { state.withLock { $0.version } }

    package var history: RetainedHistory { state.withLock { $0.history } }

    package func hasSnapshot(at timestamp: Timestamp) -> Bool {
        state.withLock { $0.history.hasSnapshot(at: timestamp) }
    }

    package var superblock: Superblock { state.withLock { $0.superblock } }

    /// The manifests that the slots name, the newer slot's first.
    package var manifests: [ManifestPointers] {
        state.withLock { [$0.superblock.manifest] + ($0.olderManifest.map { [$0] } ?? []) }
    }

    /// The generation that the next change will publish first, to be written into the extents that it names.
    package var nextGeneration: Generation { state.withLock { $0.superblock.generation.next } }

    /// The generation in the older of the two slots: no slot names what was last named before it.
    package var oldestSlot: Generation { Generation(rawValue: superblock.generation.rawValue - 1) }

    /// A number for a new table. It is only durable with the change that adds the table, so a crash gives it again,
    /// to a table that was never published.
    package func takeTableID() -> TableID {
        state.withLock { state in
            defer { state.superblock.nextTableID = state.superblock.nextTableID.next }
            return state.superblock.nextTableID
        }
    }

    /// Publishes a change durably and returns the new version.
    ///
    /// - Parameters:
    ///   - edit: Tables that come and go, and what changes about the past.
    ///   - movesManifest: Write the manifest anew as a whole, at the lowest place that is free.
    ///   - update: Changes the other fields of the superblock, its log's start among them. It finds there the
    ///     generation that the change replaces.
    /// - Throws: `diskFull` with nothing changed; any other error means that the state on the medium is unknown, and
    ///   the store must not acknowledge another commit.
    package func apply(
        _ edit: VersionEdit, movesManifest: Bool = false, update: (inout Superblock) -> Void
    ) throws(StoreError) -> Version {
        try changes.withLock { _ throws(StoreError) in
            try applyAlone(edit, movesManifest: movesManifest, update: update)
        }
    }

    private func applyAlone(
        _ edit: VersionEdit, movesManifest: Bool, update: (inout Superblock) -> Void
    ) throws(StoreError) -> Version {
        let before = state.withLock { $0 }
        let version = try before.version.applying(edit) { Table(descriptor: $0, file: file, cache: cache) }
        var history = before.history
        try history.apply(edit.history)
        // A table that is removed and added only changes its level, and keeps its extents.
        let removed = edit.removed.filter { version.table($0) == nil }.compactMap(before.version.table)
        let added = edit.added.filter { before.version.table($0.id) == nil }
        let owners = try LargeValueOwners(before: removed.map(\.descriptor), after: added)
        guard file.allocator.arePending(owners.taken) else {
            throw .corrupt("A table names a large value that it does not own.", structure: BlockKind.largeValue.name)
        }
        var next = before.superblock
        update(&next)
        next.generation = before.superblock.generation.next
        // Nothing is kept for timestamps that may be given again.
        let kept = edit.history.added.map(\.timestamp) + [history.collectedFloor]
        next.timestampFloor = kept.reduce(next.timestampFloor, max)

        let older = try Manifest.append(
            edit, to: before.olderManifest, resultingIn: version, history: history, file: file,
            generation: next.generation, asBase: movesManifest)
        let newer: Manifest.Written
        do throws(StoreError) {
            newer = try Manifest.append(
                edit, to: before.superblock.manifest, resultingIn: version, history: history, file: file,
                generation: next.generation.next, asBase: movesManifest)
        } catch {
            file.allocator.releaseUnpublished(older.taken)
            throw error
        }

        try file.device.sync()
        next.manifest = older.pointers
        try SuperblockSlots.write(next, slot: before.olderSlot, to: file.device)
        next.generation = next.generation.next
        next.manifest = newer.pointers
        try SuperblockSlots.write(next, slot: 1 - before.olderSlot, to: file.device)

        let published = next
        state.withLock { state in
            // Table numbers may have been taken meanwhile.
            let nextTableID = max(state.superblock.nextTableID, published.nextTableID)
            state.superblock = published
            state.superblock.nextTableID = nextTableID
            state.olderManifest = older.pointers
            state.version = version
            state.history = history
        }
        for extent in older.obsolete + newer.obsolete {
            file.allocator.release(extent, lastNamedIn: before.superblock.generation)
        }
        for (table, dropped) in zip(removed, owners.dropped) {
            table.becomeObsolete(
                holding: file.allocator.hold(
                    table.descriptor.extents + dropped, lastNamedIn: before.superblock.generation))
        }
        file.allocator.settle(owners.taken)
        file.allocator.reclaim(oldestSlot: oldestSlot)
        return version
    }

    /// Calls `body` while no change is under way: every block of the manifest that was written has its name.
    package func withoutChanges<R>(_ body: () -> R) -> R { changes.withLock { _ in body() } }

    /// Says durably that the store is in use, before its first commit: a crash from now on may lose buffered commits
    /// without leaving a trace of them in the log, and their timestamps must not be given again.
    ///
    /// One slot suffices: the other one names the same tables and the same log.
    package func markInUse() throws(StoreError) {
        try changes.withLock { _ throws(StoreError) in try markInUseAlone() }
    }

    private func markInUseAlone() throws(StoreError) {
        let before = state.withLock { $0 }
        guard before.superblock.isClean else { return }
        var next = before.superblock
        next.isClean = false
        next.generation = next.generation.next
        next.manifest = before.olderManifest ?? before.superblock.manifest
        try SuperblockSlots.write(next, slot: before.olderSlot, to: file.device)
        state.withLock { state in
            state.superblock.isClean = false
            state.superblock.generation = next.generation
            state.superblock.manifest = next.manifest
            state.olderSlot = 1 - before.olderSlot
            state.olderManifest = before.olderManifest == nil ? nil : before.superblock.manifest
        }
    }
}
