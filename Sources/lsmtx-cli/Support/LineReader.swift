/// Splits what a descriptor delivers into lines. A last line needs no newline.
final class LineReader {
    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 256 << 10)
    private var unread = 0..<0
    private var atEnd = false
    /// Bytes of the lines that have been returned.
    private(set) var consumedBytes: UInt64 = 0

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// The next line without its newline, or carriage return and newline.
    ///
    /// - Returns: `nil` after the last line.
    func next() throws -> [UInt8]? {
        guard var line = try nextWithEnd() else { return nil }
        if line.last == UInt8(ascii: "\n") {
            line.removeLast()
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
        }
        return line
    }

    /// The next line and what ends it, byte for byte.
    ///
    /// - Returns: `nil` after the last line.
    func nextWithEnd() throws -> [UInt8]? {
        var line: [UInt8] = []
        while true {
            let part = buffer[unread]
            if let newline = part.firstIndex(of: UInt8(ascii: "\n")) {
                line += part[...newline]
                unread = newline + 1..<unread.upperBound
                consumedBytes += UInt64(line.count)
                return line
            }
            line += part
            unread = 0..<0
            if atEnd {
                consumedBytes += UInt64(line.count)
                return line.isEmpty ? nil : line
            }
            let count = try System.read(descriptor, into: &buffer)
            atEnd = count == 0
            unread = 0..<count
        }
    }
}
