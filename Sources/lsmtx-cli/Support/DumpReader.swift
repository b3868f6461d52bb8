internal import LSMTx

/// Reads a dump, line by line: one entry is in memory.
final class DumpReader {
    private let name: String
    private let lines: LineReader
    private var checksum = RunningChecksum(seed: 0)
    private var number = 0
    private var count: UInt64 = 0
    private(set) var header = DumpFormat.Header()

    /// Reads the header.
    ///
    /// - Parameter name: What messages call the dump.
    init(_ lines: LineReader, name: String) throws {
        self.lines = lines
        self.name = name
        try readHeader()
    }

    private func readHeader() throws {
        var given: Set<String> = []
        while true {
            guard let line = try lines.nextWithEnd() else {
                try Interruption.check()
                number += 1
                throw fault(number == 1 ? "it is empty" : "it ends before its closing line")
            }
            number += 1
            line.withUnsafeBytes { checksum.add(BorrowedBytes($0)) }
            let text = Self.withoutEnd(line)
            if number == 1 {
                try checkVersion(text)
                continue
            }
            if text.first == UInt8(ascii: "#") { continue }
            if text == DumpFormat.headerEnd[...] { break }
            do {
                try header.read(String(decoding: text, as: UTF8.self), given: &given)
            } catch let problem as JSONProblem {
                throw fault(problem.text)
            }
        }
        for field in ["format", "count"] where !given.contains(field) {
            throw fault("the header has no '\(field)'")
        }
    }

    var consumedBytes: UInt64 { lines.consumedBytes }

    /// - Returns: `nil` after the last entry, once the count and the checksum were found to be right.
    func next() throws -> (key: [UInt8], value: [UInt8])? {
        guard let keyLine = try lines.nextWithEnd() else { throw truncated() }
        guard !keyLine.starts(with: DumpFormat.dataEnd) else {
            try checkEnd(keyLine)
            return nil
        }
        let key = try decode(keyLine)
        guard let valueLine = try lines.nextWithEnd() else { throw truncated() }
        let value = try decode(valueLine)
        count += 1
        return (key, value)
    }

    private func decode(_ line: [UInt8]) throws -> [UInt8] {
        number += 1
        line.withUnsafeBytes { checksum.add(BorrowedBytes($0)) }
        guard line.last == UInt8(ascii: "\n") else { throw truncated() }
        guard line.first == UInt8(ascii: " ") else {
            throw fault("expected a blank and then a key or a value")
        }
        let text = Self.withoutEnd(line).dropFirst()
        switch header.encoding {
        case .print:
            guard let bytes = Escaping.unescape(text) else {
                throw fault("expected \\\\, \\t, \\n, \\r or \\xNN at a backslash")
            }
            return bytes
        case .hex:
            guard let bytes = Hexadecimal.decode(Array(text)) else {
                throw fault("expected an even number of hexadecimal digits")
            }
            return bytes
        }
    }

    private func checkEnd(_ line: [UInt8]) throws {
        number += 1
        let found = checksum.value
        let words = String(decoding: line.dropFirst(DumpFormat.dataEnd.count), as: UTF8.self)
        guard let match = words.wholeMatch(of: /count=([0-9]{1,19}) xxh3=([0-9a-f]{16})\n/) else { throw truncated() }
        guard let checksum = UInt64(match.2, radix: 16), checksum == found else {
            throw fault("the checksum is not that of the lines before: the dump was changed, or damaged on its way")
        }
        guard UInt64(match.1) == count, header.count == count else {
            throw fault("there are \(count) entries, but the header says \(header.count), the end \(match.1)")
        }
        guard try lines.nextWithEnd() == nil else {
            number += 1
            throw fault("expected nothing after the closing line")
        }
    }

    private func truncated() -> any Error {
        if System.isInterrupted { return Interruption() }
        return fault("the dump ends before its closing line: it was cut short")
    }

    private func fault(_ text: String) -> Failure { Failure(.badData, "\(name), line \(number): \(text).") }

    private static func withoutEnd(_ line: [UInt8]) -> ArraySlice<UInt8> {
        line.last == UInt8(ascii: "\n") ? line.dropLast() : line[...]
    }

    private func checkVersion(_ line: ArraySlice<UInt8>) throws {
        let text = String(decoding: line.prefix(64), as: UTF8.self)
        guard let match = text.wholeMatch(of: /LSMTX-DUMP=([0-9]{1,9})/) else {
            throw fault("expected 'LSMTX-DUMP=\(DumpFormat.version)': this is no dump of a store")
        }
        guard Int(match.1) == DumpFormat.version else {
            throw fault("a dump of version \(match.1); this build reads version \(DumpFormat.version)")
        }
    }
}

extension DumpFormat.Header {
    fileprivate mutating func read(_ line: String, given: inout Set<String>) throws {
        let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { throw JSONProblem(text: "expected 'name=value' or 'HEADER=END'") }
        let (field, text) = (parts[0], parts[1])
        guard given.insert(field).inserted else { throw JSONProblem(text: "'\(field)' comes twice") }
        func number() throws -> UInt64 {
            guard let number = UInt64(text) else { throw JSONProblem(text: "expected a number after '\(field)='") }
            return number
        }
        switch field {
        case "format":
            guard let encoding = DumpFormat.Encoding(rawValue: text) else {
                throw JSONProblem(text: "expected 'format=print' or 'format=hex'")
            }
            self.encoding = encoding
        case "store-format": storeFormat = Int(clamping: try number())
        case "timestamp": timestamp = try number()
        case "time": time = text
        case "retention-keep-ms": keepMilliseconds = try number()
        case "retention-commits": commits = try number()
        case "retention-log-bytes": logBytes = try number()
        case "count": count = try number()
        default:
            let name = Escaping.terminal(Array(field.utf8.prefix(80)))
            throw JSONProblem(text: "'\(name)' is no field of the header")
        }
    }
}
