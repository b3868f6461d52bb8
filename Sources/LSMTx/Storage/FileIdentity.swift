/// The 128 random bits that name a file for life, and the checksum seed made from them.
package struct FileIdentity: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func random(using generator: inout some RandomNumberGenerator) -> FileIdentity {
        FileIdentity(high: generator.next(), low: generator.next())
    }

    package var seed: UInt64 {
        withUnsafeBytes(of: (high.littleEndian, low.littleEndian)) { xxh3(BorrowedBytes($0)) }
    }
}
