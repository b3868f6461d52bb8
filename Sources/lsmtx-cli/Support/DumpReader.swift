internal import LSMTx

/// Reads a dump: one entry is in memory, and a piece of its text.
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
        guard let first = try lines.peek() else {
            number += 1
            throw truncated()
        }
        guard first == UInt8(ascii: "D") else {
            let key = try decode()
            let value = try decode()
            count += 1
            return (key, value)
        }
        try checkEnd(try lines.nextWithEnd() ?? [])
        return nil
    }

    private func decode() throws -> [UInt8] {
        number += 1
        var unescaper = Unescaper(hex: header.encoding == .hex)
        var result: [UInt8] = []
        var isFirst = true
        var isEnded = false
        var isRight = true
        try lines.forEachPiece { piece in
            checksum.add(BorrowedBytes(piece))
            var text = piece
            if isFirst {
                isFirst = false
                guard text[0] == UInt8(ascii: " ") else { throw fault("expected a blank and then a key or a value") }
                text = UnsafeRawBufferPointer(rebasing: text[1...])
            }
            isEnded = text.last == UInt8(ascii: "\n")
            if isEnded { text = UnsafeRawBufferPointer(rebasing: text.dropLast()) }
            isRight = isRight && unescaper.add(text, to: &result)
        }
        guard isEnded else { throw truncated() }
        guard isRight, unescaper.isComplete else {
            throw fault(
                header.encoding == .hex
                    ? "expected an even number of hexadecimal digits"
                    : "expected \\\\, \\t, \\n, \\r or \\xNN at a backslash")
        }
        return result
    }

    private func checkEnd(_ line: [UInt8]) throws {
        number += 1
        guard line.starts(with: DumpFormat.dataEnd) else { throw truncated() }
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
        guard text.wholeMatch(of: /LSMTX-DUMP=[0-9]{1,9}\r/) == nil else {
            throw fault(
                "its line ends were changed on its way, from a newline to a carriage return and a newline; copy the "
                    + "dump as a binary file")
        }
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
