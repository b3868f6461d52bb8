package import LSMTx

/// One call of a storage device.
package struct DeviceCall: Sendable, Equatable, CustomStringConvertible {
    /// Which of the device's functions.
    package enum Kind: String, Sendable, CaseIterable {
        case length, read, write, writeDurably, sync, reserve, punch, truncate, dropCache, lock, close

        /// The calls that can throw, and so can be made to fail.
        package static let throwing: [Kind] = [
            .length, .read, .write, .writeDurably, .sync, .reserve, .punch, .truncate, .lock,
        ]
    }

    package let kind: Kind
    /// The bytes concerned; for a truncation an empty range at the new length; `nil` where there are none.
    package let range: FileRange?

    package init(_ kind: Kind, _ range: FileRange? = nil) {
        self.kind = kind
        self.range = range
    }

    package init(_ kind: Kind, at offset: UInt64, count: Int) {
        self.init(kind, FileRange(offset: offset, length: UInt64(count)))
    }

    package var description: String { range.map { "\(kind.rawValue) \($0)" } ?? kind.rawValue }
}
