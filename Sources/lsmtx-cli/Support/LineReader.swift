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
        try forEachPiece { line.append(contentsOf: $0) }
        return line.isEmpty ? nil : line
    }

    /// The next line's first byte, which stays unread; `nil` after the last line.
    func peek() throws -> UInt8? { try fill() ? buffer[unread.lowerBound] : nil }

    /// Passes the next line on in pieces, what ends it included: for lines that may be very long.
    func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        while try fill() {
            let newline = buffer[unread].firstIndex(of: UInt8(ascii: "\n"))
            let piece = unread.lowerBound..<(newline.map { $0 + 1 } ?? unread.upperBound)
            try buffer.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[piece])) }
            consumedBytes += UInt64(piece.count)
            unread = piece.upperBound..<unread.upperBound
            if newline != nil { return }
        }
    }

    /// - Returns: `false` when nothing is left.
    private func fill() throws -> Bool {
        guard unread.isEmpty, !atEnd else { return !unread.isEmpty }
        let count = try System.read(descriptor, into: &buffer)
        atEnd = count == 0
        unread = 0..<count
        return count > 0
    }
}
