/// The labels of the newest commits that had one, for the error of a transaction that conflicts with them.
final class CommitLabels: Sendable {
    /// So many are remembered.
    private static let capacity = 1024

    private struct Labelled {
        let timestamp: Timestamp
        let label: String
    }

    private struct Ring {
        var places: [Labelled] = []
        var next = 0
    }

    private let ring = Guarded(Ring())

    /// The commit leader is about to apply a commit.
    func note(_ label: String, of timestamp: Timestamp) {
        let entry = Labelled(timestamp: timestamp, label: label)
        ring.withLock { ring in
            if ring.places.count < Self.capacity {
                ring.places.append(entry)
            } else {
                ring.places[ring.next] = entry
                ring.next = (ring.next + 1) % Self.capacity
            }
        }
    }

    /// The label of a commit; `nil` when it had none, or too many have come since.
    func label(of timestamp: Timestamp) -> String? {
        ring.withLock { $0.places.first { $0.timestamp == timestamp }?.label }
    }
}
