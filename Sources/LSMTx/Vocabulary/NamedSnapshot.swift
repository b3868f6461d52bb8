/// A state of the store that has a name, and stays readable until the name is dropped.
///
/// ```swift
/// try database.createSnapshot(named: "before the import")
/// for snapshot in try database.snapshots() { print(snapshot.name, snapshot.timestamp) }
/// ```
public struct NamedSnapshot: Sendable, Hashable {
    /// The name, at most ``maximumNameBytes`` bytes of UTF-8.
    public let name: String
    /// The commit whose state it is.
    public let timestamp: Timestamp
    /// When the name was given, in milliseconds since 1970.
    public let createdAt: Int64

    package init(name: String, timestamp: Timestamp, createdAt: Int64) {
        self.name = name
        self.timestamp = timestamp
        self.createdAt = createdAt
    }

    /// The longest name, in bytes of UTF-8.
    public static let maximumNameBytes = 255

    /// More names than anybody needs; together they still fit into the manifest.
    package static let maximumCount = 10_000

    /// Refuses what is no name, and what a command line could take for a timestamp or a time.
    package static func check(name: String) throws(StoreError) {
        let bytes = name.utf8
        let problem: String? =
            if bytes.isEmpty {
                "The empty name is not possible."
            } else if bytes.count > maximumNameBytes {
                "A name of \(bytes.count) bytes is over the limit of \(maximumNameBytes)."
            } else if name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
                "A name cannot have control characters."
            } else if bytes.allSatisfy(isDigit) {
                "A name of digits alone would be taken for a timestamp."
            } else if resemblesTime(name) {
                "The name would be taken for a time."
            } else {
                nil
            }
        guard let problem else { return }
        throw StoreError(.misuse, problem, remedy: "Choose another name; nothing of this call was done.")
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// Whether a text begins as ISO 8601 times do: a date of digits, then nothing, or a `T` or a blank.
    package static func resemblesTime(_ text: String) -> Bool {
        let pattern = Array("0000-00-00".utf8)
        let bytes = Array(text.utf8)
        guard bytes.count >= pattern.count else { return false }
        let isDate = zip(bytes, pattern).allSatisfy { byte, sign in
            sign == UInt8(ascii: "0") ? isDigit(byte) : byte == sign
        }
        return isDate && (bytes.count == pattern.count || "Tt ".utf8.contains(bytes[pattern.count]))
    }
}
