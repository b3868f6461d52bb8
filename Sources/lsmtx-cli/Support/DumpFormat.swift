internal import LSMTx

/// The text form of a whole store, which outlives versions of the file format:
///
///     LSMTX-DUMP=1
///     format=print
///     store-format=3
///     timestamp=17
///     time=2026-11-21T10:00:00.000Z
///     retention-keep-ms=3600000
///     retention-commits=100000
///     retention-log-bytes=67108864
///     count=1
///     # snapshot 'release 7' at 12, named 2026-11-20T10:00:00.000Z
///     HEADER=END
///      key
///      value
///     DATA=END count=1 xxh3=0123456789abcdef
///
/// 1. A limit of the retention that there is not has no line, as a time that is not known. Lines that begin with `#` are
///    for people.
/// 2. Keys and values take turns, a blank before each. With `print` a backslash is `\\`, a tab `\t`, a newline `\n`,
///    and other control characters and bytes that are not UTF-8 are `\xNN`; with `hex` all bytes are two digits.
/// 3. The last line has the number of entries, and the XXH3-64 of all bytes before that line. A dump without it was
///    cut short.
package enum DumpFormat {
    package static let version = 1
    static let headerEnd = Array("HEADER=END".utf8)
    static let dataEnd = Array("DATA=END ".utf8)

    package enum Encoding: String {
        case print
        case hex
    }

    /// What stands before the entries.
    package struct Header: Equatable {
        package var encoding = Encoding.print
        package var storeFormat = 0
        package var timestamp: UInt64 = 0
        package var time: String?
        package var keepMilliseconds: UInt64?
        package var commits: UInt64?
        package var logBytes: UInt64?
        package var count: UInt64 = 0

        package init() {}

        var retention: Retention {
            Retention(
                keep: keepMilliseconds.map { .milliseconds($0) }, commits: commits, logBytes: logBytes)
        }

        func text(snapshots: [NamedSnapshot]) -> String {
            var lines = [
                "LSMTX-DUMP=\(DumpFormat.version)", "format=\(encoding.rawValue)", "store-format=\(storeFormat)",
                "timestamp=\(timestamp)",
            ]
            lines += time.map { ["time=\($0)"] } ?? []
            lines += keepMilliseconds.map { ["retention-keep-ms=\($0)"] } ?? []
            lines += commits.map { ["retention-commits=\($0)"] } ?? []
            lines += logBytes.map { ["retention-log-bytes=\($0)"] } ?? []
            lines.append("count=\(count)")
            for snapshot in snapshots {
                let name = Escaping.terminal(Array(snapshot.name.utf8))
                let time = UnixTime.iso8601(snapshot.createdAt)
                lines.append("# snapshot '\(name)' at \(snapshot.timestamp), named \(time)")
            }
            lines.append(String(decoding: DumpFormat.headerEnd, as: UTF8.self))
            return lines.joined(separator: "\n") + "\n"
        }
    }
}

/// Writes a dump, in pieces: a large value is not held twice.
final class DumpWriter {
    private let output: Output
    private let encoding: DumpFormat.Encoding
    private var checksum = RunningChecksum(seed: 0)
    private var count: UInt64 = 0
    private static let pieceBytes = 64 << 10

    init(_ header: DumpFormat.Header, snapshots: [NamedSnapshot], to output: Output) {
        self.output = output
        encoding = header.encoding
        write(Array(header.text(snapshots: snapshots).utf8))
    }

    func add(key: RawSpan, value: RawSpan) {
        key.withUnsafeBytes { writeLine($0) }
        value.withUnsafeBytes { writeLine($0) }
        count += 1
    }

    func end() {
        let digits = String(checksum.value, radix: 16)
        let padded = String(repeating: "0", count: 16 - digits.count) + digits
        output.write(DumpFormat.dataEnd + Array("count=\(count) xxh3=\(padded)\n".utf8))
    }

    private func writeLine(_ bytes: UnsafeRawBufferPointer) {
        var line = [UInt8(ascii: " ")]
        var start = 0
        while start < bytes.count {
            let end = Self.endOfPiece(bytes, from: start)
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            switch encoding {
            case .print: Escaping.append(piece, controls: true, to: &line)
            case .hex: line += Hexadecimal.encode(piece)
            }
            start = end
            guard start < bytes.count else { break }
            write(line)
            line.removeAll(keepingCapacity: true)
        }
        line.append(UInt8(ascii: "\n"))
        write(line)
    }

    /// Not inside of a character, so that pieces escape as the whole does.
    private static func endOfPiece(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        let end = start + pieceBytes
        guard end < bytes.count else { return bytes.count }
        // Four bytes of which none begins a character belong to none.
        for candidate in stride(from: end, through: end - 3, by: -1) where bytes[candidate] & 0xC0 != 0x80 {
            return candidate
        }
        return end
    }

    private func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { checksum.add(BorrowedBytes($0)) }
        output.write(bytes)
    }
}
