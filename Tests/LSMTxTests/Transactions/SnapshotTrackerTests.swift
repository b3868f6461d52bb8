import LSMTxTestSupport
import Testing

@testable import LSMTx

@Suite struct SnapshotTrackerTests {
    @Test func everyOpenTimestampIsKnownAndNoOther() {
        var random = SeededGenerator(seed: 5)
        let tracker = SnapshotTracker()
        var open: [(ticket: SnapshotTracker.Ticket, timestamp: Timestamp)] = []
        // More at once than there are cells, so that some overflow; then fewer again.
        for step in 0..<6_000 {
            let wantsMore = step < 3_000 ? 4 : 1
            if open.isEmpty || Int.random(in: 0..<5, using: &random) < wantsMore {
                let timestamp = Timestamp(rawValue: UInt64(Int.random(in: 0..<40, using: &random)))
                open.append(tracker.open(hint: UInt(truncatingIfNeeded: random.next()), published: { timestamp }))
                #expect(open.last?.timestamp == timestamp)
            } else {
                tracker.close(open.remove(at: Int.random(in: 0..<open.count, using: &random)).ticket)
            }
            if step % 100 == 0 { #expect(tracker.openTimestamps == Set(open.map(\.timestamp)).sorted()) }
        }
        #expect(open.count < 600)
        for entry in open { tracker.close(entry.ticket) }
        #expect(tracker.openTimestamps.isEmpty)
    }

    @Test func manyThreadsOpenAndCloseAtOnce() throws {
        let tracker = SnapshotTracker()
        var threads: [WorkerThread] = []
        for thread in 0..<6 {
            threads.append(
                try WorkerThread(name: "reader") {
                    for round in 0..<300 {
                        let timestamp = Timestamp(rawValue: UInt64(thread * 1000 + round))
                        let opened = (0..<120).map { _ in tracker.open(hint: UInt(thread), published: { timestamp }) }
                        if round % 50 == 0 { #expect(tracker.openTimestamps.contains(timestamp)) }
                        for entry in opened { tracker.close(entry.ticket) }
                    }
                })
        }
        for thread in threads { thread.join() }
        #expect(tracker.openTimestamps.isEmpty)
    }
}

/// Readers that others share, and collectors that come in between.
@Suite struct SharedReaderTests {
    @Test func aSharedReaderKeepsTheTimestampWhenTheFirstIsClosed() {
        let tracker = SnapshotTracker()
        // More than there are cells.
        let first = tracker.open(hint: 3, published: { Timestamp(rawValue: 7) })
        let shared = (0..<600).map { tracker.share(first.timestamp, hint: UInt($0)) }
        tracker.close(first.ticket)
        for ticket in shared {
            #expect(tracker.announce(floor: Timestamp(rawValue: 9)).timestamps == [Timestamp(rawValue: 7)])
            tracker.close(ticket)
        }
        #expect(tracker.openTimestamps.isEmpty)
    }

    /// One thread hands a reader on, from cell to cell, while another collects: it is seen each time.
    @Test func noCollectorMissesAReaderThatIsHandedOn() throws {
        let tracker = SnapshotTracker()
        let reader = Timestamp(rawValue: 5)
        let opened = tracker.open(hint: 0, published: { reader })
        let missed = Guarded(0)
        let isDone = Guarded(false)
        let collector = try WorkerThread(name: "collector") {
            while !isDone.withLock({ $0 }) {
                if tracker.announce(floor: Timestamp(rawValue: 9)).timestamps != [reader] {
                    missed.withLock { $0 += 1 }
                }
            }
        }
        var ticket = opened.ticket
        for step in 0..<20_000 {
            let next = tracker.share(reader, hint: UInt(step * 37))
            tracker.close(ticket)
            ticket = next
        }
        isDone.withLock { $0 = true }
        collector.join()
        #expect(missed.withLock { $0 } == 0)
        tracker.close(ticket)
    }
}
