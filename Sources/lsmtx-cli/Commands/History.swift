internal import LSMTx

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Option {
    fileprivate static let since = Option(
        "since", value: "point", completion: .snapshotName,
        help: "Only what was committed after this timestamp, time or snapshot.")
}

extension Command {
    static let history = Command(
        "history",
        abstract: "Write the versions of a key that can still be read, newest first.",
        discussion: """
            A line for each: timestamp, time, 'put' or 'delete', and the value, with tabs between them and the value \
            escaped as 'scan' does it; to a terminal an aligned table. A time that is not known any more is a hyphen. When there \
            is no version, nothing is written and the exit status is 1; --limit has no part in that.
            """,
        arguments: [.file, .key],
        options: [.since, .limit, .hex, .json], isInShell: true
    ) { invocation in
        let format = try EntryFormat(invocation)
        guard let key = try invocation.data(.key) else { return .usage }
        let limit = try invocation.number(.limit, in: 0...Int.max)
        let since = try invocation.point(.since)
        // One at least, since the status tells whether there is any.
        let found = try invocation.read { database in
            try database.history(
                of: key, since: try timestamp(of: since, in: database), limit: limit.map { max($0, 1) })
        }
        let status = found.isEmpty ? ExitStatus.failure : .success
        let versions = limit == 0 ? [] : found
        let output = invocation.console.output
        if invocation.wantsTable, format != .json {
            writeTable(versions, hex: format == .hex, invocation.console)
            return status
        }
        for version in versions {
            switch format {
            case .json: invocation.console.output.write(try JSONText.line(JSONVersion(version)))
            case .hex: invocation.console.output.write(line(version, Hexadecimal.encode))
            default: invocation.console.output.write(line(version, invocation.escaped))
            }
        }
        return status
    }

    /// `nil` for the beginning, which is what an option that was not given stands for.
    private static func timestamp(of point: PointInTime, in database: Database) throws -> Timestamp? {
        switch point {
        case .latest: nil
        case .timestamp(let timestamp): timestamp
        case .unixTime(let milliseconds): try database.timestamp(atUnixTime: milliseconds)
        case .named: try database.read(at: point) { $0.timestamp }
        }
    }

    private static func writeTable(_ versions: [KeyVersion], hex: Bool, _ console: Console) {
        var table = TextTable(
            [.init("TIMESTAMP", isNumber: true), .init("TIME"), .init("WHAT"), .init("VALUE")], console: console)
        for version in versions {
            let time = version.unixTime.map { UnixTime.iso8601($0) } ?? "-"
            let value = version.value.map { TextTable.cell($0, hex: hex, width: console.output.width) } ?? ""
            table.add(["\(version.timestamp)", time, version.value == nil ? "delete" : "put", value])
        }
        table.finish()
    }

    private static func line(_ version: KeyVersion, _ encode: ([UInt8]) -> [UInt8]) -> [UInt8] {
        let time = version.unixTime.map { UnixTime.iso8601($0) } ?? "-"
        let text = "\(version.timestamp)\t\(time)\t\(version.value == nil ? "delete" : "put")"
        return Array(text.utf8) + (version.value.map { [UInt8(ascii: "\t")] + encode($0) } ?? []) + [UInt8(ascii: "\n")]
    }
}

/// One version as JSON: `value`, or `value_base64` for bytes that are not UTF-8, or `"deleted": true`.
private struct JSONVersion: Encodable {
    private var timestamp: UInt64
    private var time: String?
    private var deleted: Bool?
    private var value: String?
    private var valueBase64: String?

    private enum CodingKeys: String, CodingKey {
        case timestamp
        case time
        case deleted
        case value
        case valueBase64 = "value_base64"
    }

    init(_ version: KeyVersion) {
        timestamp = version.timestamp.rawValue
        time = version.unixTime.map { UnixTime.iso8601($0) }
        if let bytes = version.value {
            value = String(validating: bytes, as: UTF8.self)
            if value == nil { valueBase64 = Data(bytes).base64EncodedString() }
        } else {
            deleted = true
        }
    }
}
