/// Keys and values as comma-separated values, by RFC 4180: a field that holds a comma, a quote or the end of a line stands
/// in quotes, in which a quote is two.
///
/// RFC 4180 is about text. So that any bytes go through and a spreadsheet or editor can take the file, bytes that are
/// not UTF-8, and control characters, are `\xNN` and a backslash is `\\`, unless fields are raw: then they are the bytes themselves.
package enum CSV {
    package static let header = Array("key,value\r\n".utf8)
    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let newline = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    package static func line(key: [UInt8], value: [UInt8], isRaw: Bool) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(key.count + value.count + 8)
        appendField(key, isRaw: isRaw, to: &line)
        line.append(comma)
        appendField(value, isRaw: isRaw, to: &line)
        line += [carriageReturn, newline]
        return line
    }

    private static func appendField(_ bytes: [UInt8], isRaw: Bool, to line: inout [UInt8]) {
        let text = isRaw ? bytes : escaped(bytes)
        // Some readers drop blanks at a field's ends.
        let needsQuotes =
            text.contains { [quote, comma, newline, carriageReturn].contains($0) }
            || text.first == UInt8(ascii: " ") || text.last == UInt8(ascii: " ")
        guard needsQuotes else {
            line += text
            return
        }
        line.append(quote)
        for byte in text {
            if byte == quote { line.append(quote) }
            line.append(byte)
        }
        line.append(quote)
    }

    /// Line ends and tabs stay: quotes take care of them.
    private static func escaped(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        bytes.withUnsafeBytes { bytes in
            var start = 0
            for index in bytes.indices where [newline, carriageReturn, UInt8(ascii: "\t")].contains(bytes[index]) {
                let part = UnsafeRawBufferPointer(rebasing: bytes[start..<index])
                Escaping.append(part, controls: true, to: &result)
                result.append(bytes[index])
                start = index + 1
            }
            Escaping.append(UnsafeRawBufferPointer(rebasing: bytes[start...]), controls: true, to: &result)
        }
        return result
    }

    /// A record, the end of its last line included: as many lines as it takes to close its quotes.
    ///
    /// - Returns: The record and how many lines it is; `nil` after the last one.
    static func nextRecord(_ lines: LineReader) throws -> (bytes: [UInt8], lines: Int)? {
        guard var record = try lines.nextWithEnd() else { return nil }
        var count = 1
        var isOpen = hasOddQuotes(record)
        while isOpen, let line = try lines.nextWithEnd() {
            if hasOddQuotes(line) { isOpen = false }
            record += line
            count += 1
        }
        return (record, count)
    }

    private static func hasOddQuotes(_ line: [UInt8]) -> Bool {
        line.reduce(false) { $1 == quote ? !$0 : $0 }
    }

    /// The entry that a record holds, or what is wrong with it.
    package static func entry(_ record: [UInt8], isRaw: Bool) -> Result<JSONEntry, JSONProblem> {
        do {
            let fields = try fields(of: record)
            guard fields.count == 2 else {
                let found = fields.count == 1 ? "1 field" : "\(fields.count) fields"
                throw JSONProblem(text: "expected two fields, key and value, but found \(found)")
            }
            guard !isRaw else { return .success(JSONEntry(key: fields[0], value: fields[1])) }
            let plain = try zip(["key", "value"], fields).map { name, field in
                guard let bytes = Escaping.unescape(field) else {
                    throw JSONProblem(
                        text: """
                            expected \\\\, \\t, \\n, \\r or \\xNN where the \(name) has a backslash; '--raw' takes \
                            backslashes as they are
                            """)
                }
                return bytes
            }
            return .success(JSONEntry(key: plain[0], value: plain[1]))
        } catch let problem as JSONProblem {
            return .failure(problem)
        } catch {
            preconditionFailure("reading a record threw \(error)")
        }
    }

    package static func isHeader(_ record: [UInt8]) -> Bool {
        (try? fields(of: record)) == [Array("key".utf8), Array("value".utf8)]
    }

    private static func fields(of record: [UInt8]) throws -> [[UInt8]] {
        var rest = record[...]
        if rest.last == newline {
            rest.removeLast()
            if rest.last == carriageReturn { rest.removeLast() }
        }
        var fields: [[UInt8]] = []
        while true {
            fields.append(try field(&rest))
            guard let next = rest.first else { return fields }
            guard next == comma else {
                throw JSONProblem(text: "expected a comma or the end of the line after a closing quote")
            }
            rest.removeFirst()
        }
    }

    private static func field(_ rest: inout ArraySlice<UInt8>) throws -> [UInt8] {
        guard rest.first == quote else {
            let field = rest.prefix { $0 != comma }
            guard !field.contains(quote) else {
                throw JSONProblem(text: "expected quotes around a field that holds a quote, and two for the quote")
            }
            rest = rest[field.endIndex...]
            return Array(field)
        }
        var field: [UInt8] = []
        rest.removeFirst()
        while true {
            let part = rest.prefix { $0 != quote }
            field += part
            rest = rest[part.endIndex...]
            guard !rest.isEmpty else { throw JSONProblem(text: "expected a quote that closes the field") }
            rest.removeFirst()
            guard rest.first == quote else { return field }
            field.append(quote)
            rest.removeFirst()
        }
    }
}
