/// What the file says about its past: how much of it is kept, what was dropped, which snapshots have names, and when
/// commits happened. It changes with ``HistoryEdit``s, in the manifest, beside the tables.
///
/// The rejected design is log records for names and retention: they would have to be carried over by every flush and
/// found by every kind of recovery, to save a few durable writes in operations that are rare. In the manifest they are
/// read where the tables are, and a change is there as a whole or not at all.
package struct RetainedHistory: Sendable {
    package private(set) var retention = Retention.standard
    /// Something below this may have been dropped: nothing there can be read but what snapshots held at that time.
    package private(set) var collectedFloor = Timestamp.zero
    /// In the order of their names' bytes.
    package private(set) var snapshots: [NamedSnapshot] = []
    package private(set) var timeline = CommitTimeline()

    package init() {}

    /// What a manifest leads to.
    package init(_ edits: [VersionEdit]) throws(StoreError) {
        for edit in edits { try apply(edit.history) }
    }

    package func snapshot(named name: String) -> NamedSnapshot? { snapshots.first { $0.name == name } }

    package func hasSnapshot(at timestamp: Timestamp) -> Bool { snapshots.contains { $0.timestamp == timestamp } }

    /// - Throws: `corrupt` when the edit gives a name that there is, or drops one that there is not.
    package mutating func apply(_ edit: HistoryEdit) throws(StoreError) {
        for name in edit.dropped {
            guard let index = snapshots.firstIndex(where: { $0.name == name }) else {
                throw .corrupt("An edit drops a snapshot that is not there.", structure: "manifest")
            }
            snapshots.remove(at: index)
        }
        if !edit.added.isEmpty {
            snapshots += edit.added
            snapshots.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            guard Set(snapshots.map(\.name)).count == snapshots.count else {
                throw .corrupt("An edit gives a snapshot's name twice.", structure: "manifest")
            }
            guard snapshots.count <= NamedSnapshot.maximumCount else {
                throw .corrupt("There are too many named snapshots.", structure: "manifest")
            }
        }
        if let retention = edit.retention { self.retention = retention }
        for sample in edit.samples { timeline.append(sample) }
        for skip in edit.skips { timeline.append(skip) }
        // Of two compactions, the one with the older floor may be published last.
        if let floor = edit.collectedFloor, floor > collectedFloor {
            collectedFloor = floor
            timeline.prune(below: floor)
        }
    }

    /// The edit that leads here from the beginning: part of a manifest's base.
    package var asEdit: HistoryEdit {
        var edit = HistoryEdit()
        edit.retention = retention
        edit.collectedFloor = collectedFloor
        edit.added = snapshots
        edit.samples = timeline.samples
        edit.skips = timeline.skips
        return edit
    }

    /// Whether the two allow and forbid the same reads. Samples may have been thinned at different times.
    package func agrees(with other: RetainedHistory) -> Bool {
        retention == other.retention && collectedFloor == other.collectedFloor && snapshots == other.snapshots
            && timeline.skips == other.timeline.skips
    }
}

/// A change of ``RetainedHistory``. What is empty or `nil` stays as it was.
package struct HistoryEdit: Sendable {
    package var retention: Retention?
    /// The floor that the edit's tables were made with.
    package var collectedFloor: Timestamp?
    package var added: [NamedSnapshot] = []
    package var dropped: [String] = []
    /// Newer than those before.
    package var samples: [CommitTimeline.Sample] = []
    package var skips: [CommitTimeline.Skip] = []

    package init() {}
}
