import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// Values over 64 KiB through the public API.
@Suite struct LargeValueTransactionTests {
    private static func value(_ number: Int, _ count: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: count - 2) + [1, 2]
    }

    private func pending(_ database: Database) -> Int { database.engine.file.allocator.pendingCount }

    private func audit(_ database: Database) -> [String] {
        ExtentAudit.findings(in: database.engine)
            + LargeValueAudit.findings(in: database.engine, hasOpenTransactions: false)
    }

    @Test(arguments: [65_535, 65_536, 65_537, 65_536 - 24, 69_632 - 24, 69_632 - 23, 1 << 20])
    func aValueOfAnyLengthIsWhatItWas(count: Int) throws {
        let (device, database) = try EngineFixture.newStore()
        let value = (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
        try database.write { t in
            try t.put("k", value)
            #expect(try t.get("k") == value)
            #expect(Array(t.scan()) == [Entry(key: Array("k".utf8), value: value)])
        }
        #expect(pending(database) == (count > 65_536 ? 1 : 0))
        for round in 0..<3 {
            try database.read { snapshot in
                #expect(try snapshot.get("k") == value)
                #expect(try snapshot.withValue("k") { $0.withUnsafeBytes { [UInt8]($0) } } == value)
                #expect(snapshot.scan(.all, reverse: round == 1).map(\.value) == [value])
                try snapshot.forEach(.all) { _, found in
                    #expect(found.withUnsafeBytes { [UInt8]($0) } == value)
                    return true
                }
            }
            if round == 0 { try database.flush() }
        }
        #expect(pending(database) == 0)
        let statistics = try database.statistics
        #expect(statistics.largeValues.count == (count > 65_536 ? 1 : 0))
        #expect(statistics.largeValues.bytes == (count > 65_536 ? UInt64((count + 24 + 4095) / 4096 * 4096) : 0))
        #expect(try database.check().findings.isEmpty)
        #expect(audit(database) == [])
        try database.close()
        let again = try EngineFixture.open(device)
        #expect(try again.read { try $0.get("k") } == value)
        try again.close()
    }

    @Test func whatIsNotCommittedIsGivenBack() throws {
        let (device, database) = try EngineFixture.newStore()
        try database.write { try $0.put("a", "1") }
        for way in 0..<4 {
            var transaction: Transaction? = try database.begin(.snapshot)
            try transaction?.put("a", Self.value(1, 100_000))
            try transaction?.put("b", Self.value(2, 200_000))
            #expect(pending(database) == 2)
            switch way {
            case 0: transaction?.rollback()
            case 1: transaction = nil
            case 2:
                try database.write { try $0.put("a", "2") }
                #expect(EngineFixture.code { try transaction?.commit() } == .conflict)
            default:
                try transaction?.delete("a")
                #expect(pending(database) == 1)
                try transaction?.put("b", "short")
                #expect(pending(database) == 0)
                try transaction?.put("b", Self.value(3, 100_000))
                try transaction?.put("b", Self.value(4, 100_000))
                #expect(pending(database) == 1)
                #expect(try transaction?.get("b") == Self.value(4, 100_000))
                transaction?.rollback()
                transaction?.rollback()
            }
            #expect(pending(database) == 0, "way \(way)")
            #expect(audit(database) == [], "way \(way)")
        }
        try database.close()
        #expect(try device.length() < 300_000)
    }

    @Test func aTransactionThatOutlivesTheDatabaseGivesNothingBackTwice() throws {
        let (device, database) = try EngineFixture.newStore()
        let transaction = try database.begin(.snapshot)
        try transaction.put("a", Self.value(1, 100_000))
        let iterator = transaction.scan().makeIterator()
        try database.close()
        #expect(EngineFixture.code { _ = try transaction.get("a") } == .closed)
        #expect(EngineFixture.code { try transaction.put("b", Self.value(1, 100_000)) } == .closed)
        var copy = iterator
        #expect(copy.next() == nil)
        #expect(EngineFixture.code { try transaction.checkScans() } == .closed)
        transaction.rollback()
        #expect(try device.length() < 200_000)
        let again = try EngineFixture.open(device)
        #expect(audit(again) == [])
        try again.close()
    }

    @Test func onlyReferencesCountAgainstTheLimitOfATransaction() throws {
        let device = MemoryDevice()
        try EngineFixture.format(device)
        var configuration = EngineFixture.configuration
        configuration.maximumTransactionBytes = 200_000
        let database = try Database(
            device: device, path: nil, configuration: configuration, options: EngineFixture.options())
        try database.write { t in
            for number in 0..<10 { try t.put("k\(number)", Self.value(number, 150_000)) }
        }
        #expect(pending(database) == 10)
        for number in 0..<10 { #expect(try database.read { try $0.get("k\(number)") } == Self.value(number, 150_000)) }
        try database.close()
    }

    @Test func aFullDiskFailsThePutAndNothingElse() throws {
        let base = CrashDevice()
        try EngineFixture.format(base)
        let device = FaultDevice(base)
        let database = try EngineFixture.open(device)
        let transaction = try database.begin(.snapshot)
        try transaction.put("a", Self.value(1, 100_000))
        for call in [DeviceCall.Kind.reserve, .write] {
            device.setFault(.init(call, call: 0, .failure(.diskFull)))
            #expect(EngineFixture.code { try transaction.put("a", Self.value(2, 100_000)) } == .diskFull)
            device.setFault(nil)
            #expect(try transaction.get("a") == Self.value(1, 100_000))
            #expect(pending(database) == 1)
        }
        try transaction.commit()
        #expect(try database.read { try $0.get("a") } == Self.value(1, 100_000))
        #expect(audit(database) == [])
        try database.close()
    }

    @Test(arguments: [DeviceCall.Kind.write, .sync])
    func aDeviceThatFailsUnderALargeValueEndsTheStoresWriting(call: DeviceCall.Kind) throws {
        let base = CrashDevice()
        try EngineFixture.format(base)
        let device = FaultDevice(base)
        let database = try EngineFixture.open(device)
        try database.write { try $0.put("a", Self.value(1, 100_000)) }
        let transaction = try database.begin(.snapshot)
        if call == .sync { try transaction.put("a", Self.value(2, 100_000)) }
        device.setFault(.init(call, call: 0, .failure(.io)))
        if call == .sync {
            // Nothing of it has been logged.
            let end = database.engine.log?.end
            #expect(EngineFixture.code { try transaction.commit(durability: .buffered) } == .io)
            #expect(database.engine.log?.end == end)
        } else {
            #expect(EngineFixture.code { try transaction.put("a", Self.value(2, 100_000)) } == .io)
            transaction.rollback()
        }
        #expect(EngineFixture.code { try database.write { try $0.put("b", "1") } } == .poisoned)
        #expect(EngineFixture.code { try database.write { try $0.put("b", Self.value(2, 100_000)) } } == .poisoned)
        #expect(try database.read { try $0.get("a") } == Self.value(1, 100_000))
        device.setFault(nil)
        #expect(EngineFixture.code { try database.close() } == .poisoned)
        let again = try EngineFixture.open(base.crashImage(choosing: .nothing))
        #expect(try again.read { try $0.get("a") } == Self.value(1, 100_000))
        #expect(audit(again) == [])
        try again.close()
    }

    /// A flip anywhere in the extent, but in the rest of its last page, costs the one key.
    @Test func damageCostsTheKeyThatHasTheValueAndNoOther() throws {
        for isFlushed in [false, true] {
            let (device, database) = try EngineFixture.newStore()
            try database.write { t in
                try t.put("a", "1")
                try t.put("b", Self.value(1, 100_000))
                try t.put("c", Self.value(2, 100_000))
            }
            let extent = try #require(database.engine.file.allocator.pendingRanges.first)
            if isFlushed { try database.flush() }
            for place in [0, 8, 9, 16, 20, 21, 24, 5_000, 100_023] {
                let offset = extent.offset + UInt64(place)
                let byte = try device.readBytes(1, at: offset)
                try device.write([byte[0] ^ 16], at: offset)
                let failure = #expect(throws: StoreError.self) { try database.read { try $0.get("b") } }
                #expect(failure?.code == .corrupt && failure?.location.offset == extent.offset)
                #expect(failure?.location.structure == "large value")
                #expect(failure?.location.keys == KeyRange(from: Array("b".utf8), upTo: Array("b\0".utf8)))
                #expect(try database.read { try $0.get("c") } == Self.value(2, 100_000))
                #expect(EngineFixture.code { _ = try database.read { Array($0.scan()) } } == .corrupt)
                #expect(try database.read { Array($0.scan(KeyRange(from: Array("c".utf8)))) }.count == 1)
                let snapshot = try database.snapshot()
                try snapshot.checkScans()
                #expect(Array(snapshot.scan()).count == 1)
                #expect(EngineFixture.code { try snapshot.checkScans() } == .corrupt)
                var keys = 0
                try snapshot.forEachKey(.all) { _ in
                    keys += 1
                    return true
                }
                #expect(keys == 3)
                let findings = try database.check().findings
                #expect(findings.count == 1 && findings.first?.location.keys == failure?.location.keys)
                try device.write(byte, at: offset)
            }
            #expect(try database.check().findings.isEmpty)
            try database.close()
        }
    }

    /// A value of a table is missed when it is read, one of the log when the store is opened.
    @Test func aFileThatEndsInsideAValueIsDamagedThere() throws {
        let (device, database) = try EngineFixture.newStore()
        try database.write { t in try t.put("b", Self.value(1, 500_000)) }
        let extent = try #require(database.engine.file.allocator.pendingRanges.first)
        let whole = try EngineFixture.copy(device)
        try database.flush()
        try device.truncate(to: extent.offset + 300_000)
        #expect(EngineFixture.code { _ = try database.read { try $0.get("b") } } == .corrupt)
        // The log must not name what the file does not have.
        try whole.truncate(to: extent.offset + 300_000)
        #expect(EngineFixture.code { _ = try EngineFixture.open(whole) } == .corrupt)
    }

    @Test func whatAReaderMayHaveFoundIsNotGivenToOthers() throws {
        let (_, database) = try EngineFixture.newStore()
        let engine = database.engine
        try database.write { try $0.put("k", Self.value(1, 100_000)) }
        let extent = try #require(engine.file.allocator.pendingRanges.first)
        try database.flush()
        var view: ReadView? = engine.currentView()
        for number in 0..<5 {
            try database.write { try $0.put("k", "\(number)") }
            try database.flush()
        }
        #expect(try database.statistics.compaction.droppedVersions > 0)
        #expect(engine.file.allocator.heldRanges.contains(extent))
        #expect(audit(database) == [])
        withExtendedLifetime(view) {}
        view = nil
        Epoch.drain()
        #expect(engine.file.allocator.heldRanges.isEmpty)
        #expect(try database.statistics.largeValues.count == 0)
        try database.close()
    }

    @Test func anIteratorKeepsItsValuesWhenItsSnapshotIsClosed() throws {
        let (_, database) = try EngineFixture.newStore()
        for number in 0..<4 { try database.write { try $0.put("k\(number)", Self.value(number, 100_000)) } }
        let snapshot = try database.snapshot()
        var iterator = snapshot.scan().makeIterator()
        #expect(iterator.next()?.value == Self.value(0, 100_000))
        snapshot.close()
        #expect(try database.statistics.oldestSnapshot != nil)
        // Twice from level to level: the tables that own the values then are none of the iterator's.
        for round in 0..<10 {
            try database.write { t in
                for number in 0..<4 { try t.put("k\(number)", Self.value(10 + round, 100_000)) }
            }
            try database.flush()
        }
        for number in 1..<4 { #expect(iterator.next()?.value == Self.value(number, 100_000)) }
        #expect(iterator.next() == nil)
        #expect(try database.statistics.oldestSnapshot == nil)
        try database.close()
    }

    @Test func valuesAreNeverCopied() throws {
        let device = TracingDevice(MemoryDevice())
        try EngineFixture.format(device)
        let database = try EngineFixture.open(device)
        let count = 200_000
        _ = device.takeCalls()
        for round in 0..<20 {
            try database.write { t in for key in 0..<4 { try t.put("k\(key)", Self.value(round, count)) } }
            try database.flush()
            // What other tests are reading or freeing would keep what this one gives up from being used again.
            Epoch.drain()
        }
        let written = device.calls.filter { [.write, .writeDurably].contains($0.kind) }
            .reduce(0) { $0 + ($1.range?.length ?? 0) }
        #expect(try database.statistics.compaction.count > 3)
        #expect(Double(written) < 1.25 * Double(20 * 4 * count))
        // What was written over is used again.
        #expect(try database.statistics.fileBytes < UInt64(40 * count))
        try database.close()
    }

    @Test func manySmallReferencesToManyBytesAreFlushedSoon() throws {
        let (_, database) = try EngineFixture.newStore()
        for number in 0..<40 { try database.write { try $0.put("k", Self.value(number, 100_000)) } }
        #expect(try database.statistics.flushes > 5)
        try database.flush()
        #expect(try database.statistics.compaction.count > 0)
        #expect(try database.statistics.largeValues.count == 1)
        #expect(audit(database) == [])
        try database.close()
    }
}
