/// The fields of a ``HistoryEdit`` in a manifest; FileFormat in the documentation has their layout.
extension HistoryEdit {
    /// Tags are apart from those of tables, which a ``VersionEdit`` has too.
    package enum Tag: UInt8 {
        case retention = 16
        case collectedFloor = 17
        case addSnapshot = 18
        case dropSnapshot = 19
        case samples = 20
        case skip = 21
    }

    /// In a retention: which limits there are.
    private enum Limit {
        static let time: UInt8 = 1
        static let commits: UInt8 = 2
        static let logBytes: UInt8 = 4
    }

    func encode(to writer: inout ByteWriter) {
        if let retention {
            writer.uint8(Tag.retention.rawValue)
            Self.encode(retention, to: &writer)
        }
        if let collectedFloor {
            writer.uint8(Tag.collectedFloor.rawValue)
            writer.varint(collectedFloor.rawValue)
        }
        for name in dropped {
            writer.uint8(Tag.dropSnapshot.rawValue)
            writer.lengthPrefixed(Array(name.utf8))
        }
        for snapshot in added {
            writer.uint8(Tag.addSnapshot.rawValue)
            writer.lengthPrefixed(Array(snapshot.name.utf8))
            writer.varint(snapshot.timestamp.rawValue)
            writer.varint(UInt64(max(0, snapshot.createdAt)))
        }
        if !samples.isEmpty {
            writer.uint8(Tag.samples.rawValue)
            writer.varint(UInt64(samples.count))
            var last = CommitTimeline.Sample(timestamp: .zero, milliseconds: 0, position: .zero)
            for sample in samples {
                writer.varint(sample.timestamp.rawValue - last.timestamp.rawValue)
                writer.varint(sample.milliseconds - last.milliseconds)
                writer.varint(sample.position.rawValue - last.position.rawValue)
                last = sample
            }
        }
        for skip in skips {
            writer.uint8(Tag.skip.rawValue)
            writer.varint(skip.after.rawValue)
            writer.varint(skip.through.rawValue)
        }
    }

    private static func encode(_ retention: Retention, to writer: inout ByteWriter) {
        var limits: UInt8 = 0
        if retention.keep != nil { limits |= Limit.time }
        if retention.commits != nil { limits |= Limit.commits }
        if retention.logBytes != nil { limits |= Limit.logBytes }
        writer.uint8(limits)
        if retention.keep != nil { writer.varint(retention.keepMilliseconds ?? 0) }
        if let commits = retention.commits { writer.varint(commits) }
        if let logBytes = retention.logBytes { writer.varint(logBytes) }
    }

    /// Reads what follows `tag`, from the payload of a verified block.
    ///
    /// - Throws: `corrupt` when a number, a name or an order is not possible.
    mutating func read(_ tag: Tag, from reader: inout ByteReader) throws(StoreError) {
        switch tag {
        case .retention:
            retention = try Self.readRetention(from: &reader)
        case .collectedFloor:
            collectedFloor = try Self.readTimestamp(from: &reader)
        case .addSnapshot:
            guard added.count < NamedSnapshot.maximumCount else {
                throw reader.fail("There are too many named snapshots.")
            }
            let name = try Self.readName(from: &reader)
            let timestamp = try Self.readTimestamp(from: &reader)
            let createdAt = try reader.varint()
            guard createdAt <= CommitTimeline.maximumMilliseconds else { throw reader.fail("A time is out of range.") }
            added.append(NamedSnapshot(name: name, timestamp: timestamp, createdAt: Int64(createdAt)))
        case .dropSnapshot:
            guard dropped.count < NamedSnapshot.maximumCount else {
                throw reader.fail("Too many named snapshots are dropped.")
            }
            dropped.append(try Self.readName(from: &reader))
        case .samples:
            try readSamples(from: &reader)
        case .skip:
            let skip = CommitTimeline.Skip(
                after: try Self.readTimestamp(from: &reader), through: try Self.readTimestamp(from: &reader))
            guard skip.after < skip.through, (skips.last?.through ?? .zero) <= skip.after,
                skips.count < CommitTimeline.maximumSkips
            else {
                throw reader.fail("Skipped timestamps are out of order.")
            }
            skips.append(skip)
        }
    }

    private static func readTimestamp(from reader: inout ByteReader) throws(StoreError) -> Timestamp {
        let number = try reader.varint()
        guard number <= Superblock.maximumCounter else { throw reader.fail("A timestamp is out of range.") }
        return Timestamp(rawValue: number)
    }

    private static func readName(from reader: inout ByteReader) throws(StoreError) -> String {
        let count = try reader.varint()
        guard count <= UInt64(NamedSnapshot.maximumNameBytes) else {
            throw reader.fail("A snapshot's name is too long.")
        }
        let bytes = try reader.bytes(Int(count))
        guard let name = String(validating: bytes.buffer, as: UTF8.self) else {
            throw reader.fail("A snapshot's name is not UTF-8.")
        }
        do throws(StoreError) {
            try NamedSnapshot.check(name: name)
        } catch {
            throw reader.fail("A snapshot's name is not possible.")
        }
        return name
    }

    private static func readRetention(from reader: inout ByteReader) throws(StoreError) -> Retention {
        let limits = try reader.uint8()
        guard limits & ~(Limit.time | Limit.commits | Limit.logBytes) == 0 else {
            throw reader.fail("A retention has a limit of an unknown kind.")
        }
        var retention = Retention()
        if limits & Limit.time != 0 {
            let milliseconds = try reader.varint()
            guard milliseconds <= Retention.maximumMilliseconds else {
                throw reader.fail("A retention is out of range.")
            }
            retention.keep = .milliseconds(milliseconds)
        }
        if limits & Limit.commits != 0 { retention.commits = try reader.varint() }
        if limits & Limit.logBytes != 0 { retention.logBytes = try reader.varint() }
        return retention
    }

    private mutating func readSamples(from reader: inout ByteReader) throws(StoreError) {
        let count = try reader.varint()
        let leastBytes = 3
        guard count <= UInt64(reader.remaining / leastBytes),
            count <= UInt64(CommitTimeline.maximumSamples - min(samples.count, CommitTimeline.maximumSamples))
        else { throw reader.fail("There are too many samples.") }
        samples.reserveCapacity(samples.count + Int(count))
        var last = CommitTimeline.Sample(timestamp: .zero, milliseconds: 0, position: .zero)
        for _ in 0..<count {
            let timestamp = last.timestamp.rawValue.addingReportingOverflow(try reader.varint())
            let milliseconds = last.milliseconds.addingReportingOverflow(try reader.varint())
            let position = last.position.rawValue.addingReportingOverflow(try reader.varint())
            guard !timestamp.overflow, !milliseconds.overflow, !position.overflow,
                timestamp.partialValue <= Superblock.maximumCounter,
                milliseconds.partialValue <= CommitTimeline.maximumMilliseconds,
                position.partialValue <= LogStart.maximumLSN
            else { throw reader.fail("A sample is out of range.") }
            let sample = CommitTimeline.Sample(
                timestamp: Timestamp(rawValue: timestamp.partialValue), milliseconds: milliseconds.partialValue,
                position: LogSequenceNumber(rawValue: position.partialValue))
            if let previous = samples.last, sample.timestamp <= previous.timestamp {
                throw reader.fail("Samples are out of order.")
            }
            samples.append(sample)
            last = sample
        }
    }
}
