/// Splits what a descriptor delivers into lines, without their newlines. A last line needs none.
final class LineReader {
    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 256 << 10)
    private var unread = 0..<0
    private var atEnd = false

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// - Returns: `nil` after the last line.
    func next() throws -> [UInt8]? {
        var line: [UInt8] = []
        while true {
            let part = buffer[unread]
            if let newline = part.firstIndex(of: UInt8(ascii: "\n")) {
                line += part[..<newline]
                unread = newline + 1..<unread.upperBound
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                return line
            }
            line += part
            unread = 0..<0
            if atEnd { return line.isEmpty ? nil : line }
            let count = try System.read(descriptor, into: &buffer)
            atEnd = count == 0
            unread = 0..<count
        }
    }
}
