/// What is known of the commit groups that are under way, and which of them may be published: the state machine of
/// the commit pipeline, without threads, files or time.
///
/// A group is a run of consecutive timestamps that share one log record. Its life:
/// 1. `open`: it has its place in the log and its timestamps. Groups open in log order.
/// 2. `settled`: its bytes have been written and, if a member asked for it, are durable.
/// 3. published: it and every group before it is settled. Readers see it, and its members are told.
///
/// Invariants:
/// - Groups are published in the order in which they opened, each once.
/// - A group that was to be durable is published only after its own bytes and those of every group before it are
///   durable (``durableEnd`` has passed its end). A sync covers a group only if the group's write had returned when
///   the sync began.
/// - After a failure nothing is published any more: every group that is not yet published fails.
///
/// Rejected: letting a buffered group overtake an unfinished synced one. It would expose data in an order that a
/// crash need not keep, and its timestamp would be newer than one that readers cannot see yet.
package struct GroupLedger: Sendable {
    /// How many groups may be under way at once.
    package static let capacity = 16

    /// What the ledger keeps of one group.
    package struct Group: Sendable, Equatable {
        /// What the caller finds its members by.
        package let tag: UInt
        /// The timestamp of its last member.
        package let lastTimestamp: Timestamp
        /// The end of the group before it: where its share of the log begins.
        package let start: LogSequenceNumber
        /// The end of its log record.
        package let end: LogSequenceNumber
        /// Whether a member asked for durability.
        package let isDurable: Bool
        fileprivate var isWritten = false
        /// Durable by its own write, whatever became of the others.
        fileprivate var isDurableByItself = false
    }

    /// What must be done with a group that leaves the ledger.
    package enum Outcome: Sendable, Equatable {
        case published(Group)
        case failed(Group)
    }

    /// Groups in log order; those before `head` have left. Leaving moves `head`, and the array only when it is long.
    private var ring: [Group] = []
    private var head = 0
    /// Every log byte below this is durable.
    package private(set) var durableEnd: LogSequenceNumber
    /// Every log byte below this has been written by a write that returned.
    package private(set) var writtenEnd: LogSequenceNumber
    /// The end of the newest group.
    private var openedEnd: LogSequenceNumber
    /// Whether the log ends in buffered groups, which no group under way will make durable.
    private var hasBufferedTail = false
    package private(set) var isFailed = false

    /// - Parameter end: Where the log ends now; everything before is durable.
    package init(end: LogSequenceNumber) {
        durableEnd = end
        writtenEnd = end
        openedEnd = end
        ring.reserveCapacity(2 * Self.capacity)
    }

    /// How many groups are under way.
    package var count: Int { ring.count - head }
    package var isFull: Bool { count == Self.capacity }
    package var isEmpty: Bool { count == 0 }

    /// Whether a durable group opened now may rely on a write that makes only its own bytes durable: every byte
    /// before it is durable already, or belongs to a group that will not be published unless it becomes so.
    package var mayWriteDurably: Bool { !hasBufferedTail }

    /// Adds a group behind all others. The ledger is neither full nor failed.
    package mutating func open(tag: UInt, lastTimestamp: Timestamp, end: LogSequenceNumber, isDurable: Bool) {
        precondition(!isFull && !isFailed)
        precondition(end > openedEnd, "groups open in log order")
        if ring.count == 2 * Self.capacity {
            ring.removeFirst(head)
            head = 0
        }
        ring.append(
            Group(tag: tag, lastTimestamp: lastTimestamp, start: openedEnd, end: end, isDurable: isDurable))
        openedEnd = end
        hasBufferedTail = !isDurable
    }

    /// The group's bytes have been written.
    ///
    /// - Parameter durably: The write itself made them durable.
    package mutating func written(tag: UInt, durably: Bool) {
        guard let index = ring[head...].firstIndex(where: { $0.tag == tag }) else {
            precondition(isFailed, "a group was written that is not under way")
            return
        }
        ring[index].isWritten = true
        ring[index].isDurableByItself = durably
        advance()
    }

    /// Where a sync that begins now reaches, if it succeeds: over every group whose write, and the writes of all
    /// before it, had returned. A group's own sync waits until this has passed its end.
    package var syncTarget: LogSequenceNumber { writtenEnd }

    /// A sync that began when ``syncTarget`` was `target` has succeeded.
    package mutating func synced(upTo target: LogSequenceNumber) {
        precondition(target <= writtenEnd)
        durableEnd = max(durableEnd, target)
        if durableEnd >= openedEnd { hasBufferedTail = false }
        advance()
    }

    /// A write or a sync has failed: nothing more will be published.
    package mutating func fail() { isFailed = true }

    /// Takes the next group that leaves, if one can.
    package mutating func next() -> Outcome? {
        guard head < ring.count else { return nil }
        let first = ring[head]
        if isFailed {
            leave()
            return .failed(first)
        }
        guard first.isWritten, !first.isDurable || durableEnd >= first.end else { return nil }
        leave()
        return .published(first)
    }

    private mutating func leave() {
        head += 1
        guard head == ring.count else { return }
        ring.removeAll(keepingCapacity: true)
        head = 0
    }

    /// Moves the two ends over the groups that allow it.
    private mutating func advance() {
        var index = head
        while index < ring.count, ring[index].isWritten {
            writtenEnd = max(writtenEnd, ring[index].end)
            index += 1
        }
        index = head
        while index < ring.count {
            if ring[index].end > durableEnd {
                guard ring[index].isDurableByItself, durableEnd >= ring[index].start else { break }
                durableEnd = ring[index].end
            }
            index += 1
        }
    }
}
