/// What a loss of power made of one sector.
package enum SectorFate: Sendable, Hashable {
    /// Version 0 is what was durable; version n the n-th content written since, the newest last.
    case version(Int)
    /// The first `cut` bytes of one version and the rest of another: a write that stopped in the middle.
    case torn(first: Int, rest: Int, cut: Int)
    /// Bytes that nobody wrote, made from a seed.
    case garbage(seed: UInt64)
}

/// One outcome of a loss of power, so that a failing test can print it and run it again.
package struct CrashChoice: Sendable, Hashable, CustomStringConvertible {
    /// What becomes of the sectors that ``fates`` does not name.
    package enum Base: String, Sendable, Hashable {
        /// They are as they were durable.
        case old
        /// They are as they were last written.
        case new
    }

    package var base: Base
    /// The outcome of single sectors, by their number in the file.
    package var fates: [UInt64: SectorFate]
    /// Which of the lengths that the file had since its length was durable; `nil` for the base's.
    package var lengthVersion: Int?

    package init(_ base: Base, fates: [UInt64: SectorFate] = [:], lengthVersion: Int? = nil) {
        self.base = base
        self.fates = fates
        self.lengthVersion = lengthVersion
    }

    /// Nothing unsynced survived.
    package static let nothing = CrashChoice(.old)
    /// Everything unsynced survived.
    package static let everything = CrashChoice(.new)

    package var description: String {
        let shown = fates.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
        return "CrashChoice(.\(base), fates: [\(shown)], lengthVersion: \(lengthVersion.map(String.init) ?? "nil"))"
    }
}
