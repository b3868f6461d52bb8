import LSMTxSimulation
import LSMTxSpecs
import Testing

/// What a broken store would have answered is rejected: real recordings, with one answer changed.
@Suite struct BrokenStoreTests {
    private static func recording(_ workload: Workload, _ level: Level) throws -> [HistoryEvent] {
        var options = RecordingOptions(workload, at: level)
        // No crashes: what a lost transaction may have deleted proves nothing.
        (options.transactions, options.threads) = (400, 4)
        return try Recorder.record(options).events
    }

    private static func isRejected(_ events: [HistoryEvent]) throws -> (replay: Bool, graph: Bool) {
        let check = HistoryCheck.run(try History(events), isStrict: true)
        return (
            !check.replay.verdict.accepts(check.model, realTime: true),
            !check.graph.verdict.accepts(check.model, realTime: true)
        )
    }

    /// The last look at everything must find what was acknowledged; without one entry, somebody's write was lost.
    @Test(arguments: RecorderTests.Case.all) func aLostWriteIsFound(_ which: RecorderTests.Case) throws {
        var events = try Self.recording(which.workload, which.level)
        let last = try #require(events.lastIndex { $0.kind == .ok })
        var random = SeededGenerator(seed: 1)
        events[last].operations = events[last].operations.map { operation in
            guard case .scan(var scan) = operation, let count = scan.pairs?.count, count > 0 else { return operation }
            scan.pairs?.remove(at: Int.random(in: 0..<count, using: &random))
            return .scan(scan)
        }
        let found = try Self.isRejected(events)
        #expect(found.replay, "\(which)")
        // Where several versions of a key are absent, only timestamps tell them apart.
        if which.workload == .listAppend || which.workload == .ring { #expect(found.graph, "\(which)") }
    }

    /// Everybody's view of the setup of the ring is over once it has been turned.
    @Test(arguments: Level.allCases) func aStaleReadIsFound(_ level: Level) throws {
        var events = try Self.recording(.ring, level)
        let setUp = try #require(events.first { $0.kind == .ok })
        let last = try #require(events.lastIndex { $0.kind == .ok })
        guard case .write(let key, let value) = setUp.operations[3] else { return }
        events[last].operations = events[last].operations.map { operation in
            guard case .scan(var scan) = operation else { return operation }
            scan.pairs = scan.pairs?.map { $0.key == key ? ScanRecord.Pair(key: key, value: value) : $0 }
            return .scan(scan)
        }
        let found = try Self.isRejected(events)
        #expect(found.replay && found.graph)
    }

    /// A commit that was acknowledged but is called aborted is read by those that saw it.
    @Test func aResurrectedAbortIsFound() throws {
        var events = try Self.recording(.ring, .serializable)
        let writer = try #require(
            events.firstIndex { $0.kind == .ok && $0.process < 4 && $0.operations.contains(where: \.isWrite) })
        events[writer].kind = .fail
        let found = try Self.isRejected(events)
        #expect(found.replay && found.graph)
    }
}
