import CLSMTx
import LSMTx
import LSMTxSimulation
import LSMTxTestSupport
import Synchronization
import Testing

/// The past, checks, statistics and events.
@Suite struct CareTests {
    private static func sized<Structure>(_ structure: Structure, _ path: WritableKeyPath<Structure, Int>) -> Structure {
        var made = structure
        made[keyPath: path] = MemoryLayout<Structure>.size
        return made
    }

    @Test func thePastIsReadByTimestampTimeAndName() throws {
        try C.withStore { db in
            C.put(db, "k", "1")
            var named: UInt64 = 0
            #expect(lsmtx_db_create_snapshot(db, "one", nil, &named, nil) == C.ok && named == 1)
            C.expectFailure(LSMTX_MISUSE) { lsmtx_db_create_snapshot(db, "one", nil, nil, $0) }
            C.put(db, "k", "2")
            #expect(lsmtx_db_delete(db, "k", 1, 0, nil, nil) == C.ok)
            var now: UInt64 = 0
            #expect(lsmtx_db_timestamp(db, &now, nil) == C.ok && now == 3)
            var oldest: UInt64 = 9
            #expect(lsmtx_db_oldest_readable(db, &oldest, nil) == C.ok && oldest <= 1)
            var time: Int64 = 0
            #expect(lsmtx_db_unix_time(db, 3, &time, nil) == C.ok && time > 1_600_000_000_000)
            var at: UInt64 = 0
            #expect(lsmtx_db_timestamp_at(db, time + 1000, &at, nil) == C.ok && at == 3)
            #expect(lsmtx_db_timestamp_at(db, 0, &at, nil) == C.ok && at == 0)
            "one".withCString { name in
                var points = [lsmtx_point](repeating: lsmtx_point(), count: 4)
                points[1].kind = Int32(LSMTX_POINT_TIMESTAMP)
                points[1].timestamp = 2
                points[2].kind = Int32(LSMTX_POINT_NAMED)
                points[2].name = name
                points[3].kind = Int32(LSMTX_POINT_UNIX_TIME)
                points[3].unix_time = time + 1000
                for (point, expected) in zip(points, [nil, "2", "1", nil]) {
                    var snapshot: OpaquePointer?
                    var point = point
                    #expect(lsmtx_snapshot_open(db, &point, &snapshot, nil) == C.ok)
                    var byte = [UInt8](repeating: 0, count: 1)
                    var length = 0
                    let status = lsmtx_snapshot_get(snapshot, "k", 1, &byte, 1, &length, nil)
                    #expect((status == C.ok ? String(decoding: byte, as: UTF8.self) : nil) == expected)
                    lsmtx_snapshot_free(snapshot)
                }
            }
            try Self.checkNames(db)
            try Self.checkHistory(db)
        }
    }

    private static func checkNames(_ db: OpaquePointer) throws {
        var names: OpaquePointer?
        #expect(lsmtx_db_named_snapshots(db, &names, nil) == C.ok && lsmtx_names_count(names) == 1)
        var snapshot = sized(lsmtx_named_snapshot(), \.size)
        #expect(lsmtx_names_get(names, 0, &snapshot, nil) == C.ok)
        #expect(lsmtx_names_get(names, 1, &snapshot, nil) == C.misuse)
        #expect(lsmtx_db_drop_snapshot(db, "one", nil) == C.ok)
        // The list is as it was.
        #expect(C.text(snapshot.name) == "one" && snapshot.timestamp == 1 && snapshot.created_at > 0)
        lsmtx_names_free(names)
    }

    private static func checkHistory(_ db: OpaquePointer) throws {
        var history: OpaquePointer?
        #expect(lsmtx_db_history(db, "k", 1, 0, .max, &history, nil) == C.ok && lsmtx_history_count(history) == 3)
        var version = sized(lsmtx_key_version(), \.size)
        for (index, expected) in [nil, "2", "1"].enumerated() {
            #expect(lsmtx_history_get(history, index, &version, nil) == C.ok)
            #expect(version.timestamp == UInt64(3 - index) && (version.value.data == nil) == (expected == nil))
            #expect(C.bytes(version.value.data, version.value.length) == expected ?? "")
            #expect(version.unix_time != .min)
        }
        #expect(lsmtx_history_get(history, 3, &version, nil) == C.misuse)
        lsmtx_history_free(history)
        #expect(lsmtx_db_history(db, "k", 1, 1, 1, &history, nil) == C.ok && lsmtx_history_count(history) == 1)
        lsmtx_history_free(history)
    }

    @Test func theRetentionIsReadAndSet() throws {
        try C.withStore { db in
            var retention = Self.sized(lsmtx_retention(), \.size)
            #expect(lsmtx_db_retention(db, &retention, nil) == C.ok)
            #expect(retention.keep == 3_600_000 && retention.commits == 100_000 && retention.log_bytes == 64 << 20)
            retention.keep = .max
            retention.commits = 7
            retention.log_bytes = .max
            #expect(lsmtx_db_set_retention(db, &retention, nil) == C.ok)
            retention.commits = 0
            #expect(lsmtx_db_retention(db, &retention, nil) == C.ok)
            #expect(retention.keep == .max && retention.commits == 7 && retention.log_bytes == .max)
            retention.keep = .max - 1
            C.expectFailure(LSMTX_MISUSE) { lsmtx_db_set_retention(db, &retention, $0) }
        }
    }

    @Test func aStoreIsCompactedAndChecked() throws {
        try C.withStore { db in
            for number in 0..<1000 { C.put(db, "k\(number)", "v") }
            #expect(lsmtx_db_flush(db, nil) == C.ok)
            var told = 0
            let progress: lsmtx_progress_fn = { user, done, total in
                user!.assumingMemoryBound(to: Int.self).pointee += 1
                return done <= total ? 0 : 1
            }
            #expect(lsmtx_db_compact(db, nil, progress, &told, nil) == C.ok && told > 0)
            #expect(lsmtx_db_compact(db, nil, nil, nil, nil) == C.ok)
            told = 0
            var report: OpaquePointer?
            #expect(lsmtx_db_check(db, progress, &told, &report, nil) == C.ok && told > 0)
            var summary = Self.sized(lsmtx_report_summary(), \.size)
            #expect(lsmtx_report_get(report, &summary, nil) == C.ok)
            #expect(summary.findings == 0 && summary.entries == 1000 && summary.tables > 0 && summary.bytes > 0)
            var finding = Self.sized(lsmtx_finding(), \.size)
            #expect(lsmtx_report_finding(report, 0, &finding, nil) == C.misuse)
            lsmtx_report_free(report)
            C.expectFailure(LSMTX_INTERRUPTED) { error in
                lsmtx_db_check(db, { _, _, _ in 1 }, nil, &report, error)
            }
            #expect(report == nil)
        }
    }

    @Test func damageIsFoundAndTold() throws {
        let device = MemoryDevice()
        let db = try C.store(on: device) { $0.cacheBytes = 0 }
        defer { lsmtx_db_free(db) }
        for number in 0..<500 { C.put(db, "k\(1000 + number)", String(repeating: "v", count: 100)) }
        // All of it in one place, that nothing moves it from by itself.
        #expect(lsmtx_db_compact(db, nil, nil, nil, nil) == C.ok)
        let bytes = try device.readAll()
        // Every value, wherever it is: what of it is the log is not needed any more.
        var run = 0
        for (place, byte) in bytes.enumerated() {
            run = byte == UInt8(ascii: "v") ? run + 1 : 0
            if run == 100 { try device.write([0], at: UInt64(place)) }
        }
        var report: OpaquePointer?
        #expect(lsmtx_db_check(db, nil, nil, &report, nil) == C.ok)
        var summary = Self.sized(lsmtx_report_summary(), \.size)
        #expect(lsmtx_report_get(report, &summary, nil) == C.ok && summary.findings > 0)
        var finding = Self.sized(lsmtx_finding(), \.size)
        #expect(lsmtx_report_finding(report, 0, &finding, nil) == C.ok)
        #expect(C.text(finding.message) != "" && C.text(finding.text).hasPrefix(C.text(finding.message)))
        #expect(finding.has_keys == 1 && C.bytes(finding.lower.data, finding.lower.length).hasPrefix("k1"))
        #expect(C.text(finding.structure) != "NULL" && finding.offset != .max)
        lsmtx_report_free(report)
        C.put(db, "k1200", "another, so that there is something to be done")
        C.expectFailure(LSMTX_CORRUPT) { error in
            let status = lsmtx_db_compact(db, nil, nil, nil, error)
            var lower = lsmtx_slice()
            var upper = lsmtx_slice()
            #expect(lsmtx_error_keys(error.pointee, &lower, &upper) == 1 && lower.length > 0)
            return status
        }
        var stats: OpaquePointer?
        #expect(lsmtx_db_stats(db, &stats, nil) == C.ok)
        var table = Self.sized(lsmtx_damaged_table(), \.size)
        var numbers = Self.sized(lsmtx_stats_summary(), \.size)
        #expect(lsmtx_stats_get(stats, &numbers, nil) == C.ok)
        for index in 0..<Int(numbers.damaged_tables) {
            #expect(lsmtx_stats_damaged_table(stats, index, &table, nil) == C.ok)
            #expect(lsmtx_error_status(table.error) == LSMTX_CORRUPT && table.since > 0 && table.lower.length > 0)
        }
        #expect(lsmtx_stats_damaged_table(stats, Int(numbers.damaged_tables), &table, nil) == C.misuse)
        lsmtx_stats_free(stats)
    }

    @Test func statisticsAreWhatTheStoreHas() throws {
        try withTemporaryFolder { folder in
            var db: OpaquePointer?
            #expect(lsmtx_db_open("\(folder)/store", nil, &db, nil) == C.ok)
            let made = try #require(db)
            for number in 0..<100 { C.put(made, "k\(number)", "v") }
            #expect(lsmtx_db_create_snapshot(made, "keep", nil, nil, nil) == C.ok)
            #expect(lsmtx_db_flush(made, nil) == C.ok)
            var stats: OpaquePointer?
            #expect(lsmtx_db_stats(made, &stats, nil) == C.ok)
            lsmtx_db_free(made)
            var numbers = Self.sized(lsmtx_stats_summary(), \.size)
            #expect(lsmtx_stats_get(stats, &numbers, nil) == C.ok)
            #expect(
                C.text(numbers.path) == "\(folder)/store" && numbers.format_version == UInt64(lsmtx_format_version()))
            #expect(numbers.commits == 100 && numbers.timestamp == 100 && numbers.flushes == 1)
            #expect(numbers.named_snapshots == 1 && numbers.oldest_snapshot == .max)
            #expect(Int(numbers.holder) == LSMTX_HOLDER_RETENTION && numbers.holder_name == nil)
            #expect(numbers.retention_commits == 100_000 && numbers.levels >= 1)
            var level = Self.sized(lsmtx_level(), \.size)
            #expect(lsmtx_stats_level(stats, 0, &level, nil) == C.ok && level.entries == 100)
            var work = Self.sized(lsmtx_level_work(), \.size)
            #expect(lsmtx_stats_level_work(stats, 0, &work, nil) == C.ok && work.count == 1 && work.bytes_out > 0)
            var stall = Self.sized(lsmtx_stall(), \.size)
            #expect(lsmtx_stats_stall(stats, 0, &stall, nil) == C.ok && C.text(stall.reason) != "")
            #expect(lsmtx_stats_stall(stats, Int(numbers.stalls), &stall, nil) == C.misuse)
            lsmtx_stats_free(stats)
        }
    }

    // MARK: Events

    private final class Heard: Sendable {
        let kinds = Mutex<[Int]>([])
        let releases = Atomic<Int>(0)

        func wait(until isDone: (Heard) -> Bool) {
            while !isDone(self) { Thread.pause() }
        }
    }

    private static func options(_ heard: Heard) -> lsmtx_options {
        var options = lsmtx_options()
        #expect(lsmtx_options_init(&options, MemoryLayout<lsmtx_options>.size) == C.ok)
        options.event_user = Unmanaged.passUnretained(heard).toOpaque()
        options.on_event = { user, event in
            let heard = Unmanaged<Heard>.fromOpaque(user!).takeUnretainedValue()
            let event = event!.pointee
            #expect(event.size == MemoryLayout<lsmtx_event>.size && C.text(event.text) != "")
            #expect((event.is_problem == 1) == (event.error != nil))
            if Int(event.kind) == LSMTX_EVENT_FLUSHED { #expect(event.entries == 1 && event.bytes_out > 0) }
            heard.kinds.withLock { $0.append(Int(event.kind)) }
        }
        options.event_release = { user in
            _ = Unmanaged<Heard>.fromOpaque(user!).takeUnretainedValue().releases.add(1, ordering: .relaxed)
        }
        return options
    }

    @Test func eventsComeInOrderAndTheirReceiverIsReleased() throws {
        let heard = Heard()
        var options = Self.options(heard)
        var db: OpaquePointer?
        #expect(lsmtx_db_open_in_memory(&options, &db, nil) == C.ok)
        C.put(try #require(db), "k", "v")
        #expect(lsmtx_db_flush(db, nil) == C.ok)
        #expect(lsmtx_db_close(db, nil) == C.ok)
        lsmtx_db_free(db)
        heard.wait { $0.releases.load(ordering: .relaxed) == 1 }
        let kinds = heard.kinds.withLock { $0 }
        #expect(kinds.first == LSMTX_EVENT_OPENED && kinds.last == LSMTX_EVENT_CLOSED)
        #expect(kinds.contains(LSMTX_EVENT_FLUSHED))
    }

    @Test func aReceiverIsReleasedWhenOpeningFails() throws {
        let heard = Heard()
        var options = Self.options(heard)
        options.create_if_missing = 0
        var db: OpaquePointer?
        #expect(lsmtx_db_open("/nowhere/at/all", &options, &db, nil) < 0)
        heard.wait { $0.releases.load(ordering: .relaxed) == 1 }
        options.memtable_bytes = 1
        #expect(lsmtx_db_open_in_memory(&options, &db, nil) == C.misuse)
        heard.wait { $0.releases.load(ordering: .relaxed) == 2 }
        #expect(lsmtx_db_open(nil, &options, &db, nil) == C.misuse)
        #expect(lsmtx_db_open("/nowhere/at/all", &options, nil, nil) == C.misuse)
        heard.wait { $0.releases.load(ordering: .relaxed) == 4 }
        options.on_event = nil
        #expect(lsmtx_db_open_in_memory(&options, &db, nil) == C.misuse)
        heard.wait { $0.releases.load(ordering: .relaxed) == 5 }
        #expect(heard.kinds.withLock { $0 } == [])
    }
}
