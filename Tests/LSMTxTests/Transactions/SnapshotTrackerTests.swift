import LSMTxSimulation
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

    private static func at(_ number: UInt64) -> Timestamp { Timestamp(rawValue: number) }

    /// With all cells taken, readers go elsewhere, and must be seen there too.
    @Test(arguments: [0, 600]) func belowTheFloorOnlyANameOpens(others: Int) throws {
        let tracker = SnapshotTracker(floor: Self.at(5))
        for _ in 0..<others { _ = tracker.open(hint: 1, published: { Self.at(50) }) }
        #expect(tracker.announcedFloor == Self.at(5))
        #expect(tracker.open(hint: 0, at: Self.at(4), isNamed: { false }) == nil)
        let named = tracker.open(hint: 0, at: Self.at(4), isNamed: { true })
        let border = tracker.open(hint: 0, at: Self.at(5), isNamed: { false })
        let present: [Timestamp] = others > 0 ? [Self.at(50)] : []
        #expect(tracker.openTimestamps == [Self.at(4), Self.at(5)] + present)
        var wasNamed = false
        #expect(tracker.announce(floor: Self.at(3), readNames: { wasNamed = true }).floor == Self.at(5))
        #expect(wasNamed)
        let readers = tracker.announce(floor: Self.at(9))
        #expect(readers.floor == Self.at(9) && readers.timestamps == [Self.at(4), Self.at(5)] + present)
        #expect(tracker.open(hint: 0, at: Self.at(5), isNamed: { false }) == nil)
        for ticket in [named, border] { tracker.close(try #require(ticket)) }
        tracker.close(try #require(tracker.open(hint: 0, at: Self.at(9), isNamed: { false })))
        #expect(tracker.openTimestamps == present)
    }

    @Test(arguments: [0, 600]) func theOldestWriterIsNoReader(others: Int) {
        let tracker = SnapshotTracker()
        for _ in 0..<others { _ = tracker.open(hint: 1, published: { Self.at(50) }) }
        let reader = tracker.open(hint: 0, published: { Self.at(3) })
        #expect(tracker.announce(floor: .zero).oldestWriter == nil)
        let writer = tracker.open(hint: 0, isWriter: true, published: { Self.at(7) })
        let second = tracker.open(hint: 0, isWriter: true, published: { Self.at(8) })
        #expect(tracker.announce(floor: .zero).oldestWriter == Self.at(7))
        tracker.close(writer.ticket)
        #expect(tracker.announce(floor: .zero).oldestWriter == Self.at(8))
        tracker.close(second.ticket)
        tracker.close(reader.ticket)
        #expect(tracker.announce(floor: .zero).oldestWriter == nil)
    }

    /// A reader that began to open before the floor was raised takes a newer timestamp.
    @Test func aReaderThatIsOvertakenTakesANewerTimestamp() {
        let tracker = SnapshotTracker()
        var looks = 0
        let opened = tracker.open(hint: 0) {
            looks += 1
            if looks == 1 {
                _ = tracker.announce(floor: Self.at(10))
                return Self.at(9)
            }
            return Self.at(11)
        }
        #expect(opened.timestamp == Self.at(11) && looks == 2)
        #expect(tracker.openTimestamps == [Self.at(11)])
        // The name is looked for only after the cell was stored: here a collector comes in between.
        var seen: [Timestamp] = []
        let named = tracker.open(hint: 0, at: Self.at(2)) {
            seen = tracker.announce(floor: Self.at(11)).timestamps
            return true
        }
        #expect(named != nil && seen.contains(Self.at(2)))
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
