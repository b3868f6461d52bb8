/// The lines that were typed, over all sessions. That it cannot be kept is no error: the shell works without it.
struct ShellHistory {
    static let maximumLines = 1_000

    private let path: String?

    init() {
        let state =
            System.environment("XDG_STATE_HOME").flatMap { $0.hasPrefix("/") ? $0 : nil }
            ?? System.environment("HOME").flatMap { $0.hasPrefix("/") ? "\($0)/.local/state" : nil }
        path = state.map { "\($0)/\(CommandTable.tool)/history" }
    }

    /// The lines of earlier sessions, the newest last.
    func load() -> [[UInt8]] {
        guard let path, let descriptor = try? System.openForReading(path) else { return [] }
        defer { System.closeDescriptor(descriptor) }
        let bytes = (try? System.readAll(descriptor)) ?? []
        return bytes.split(separator: UInt8(ascii: "\n")).suffix(Self.maximumLines).map(Array.init)
    }

    /// Adds a line at once, so that sessions side by side keep the lines of both.
    func append(_ line: [UInt8]) {
        guard let path else { return }
        System.appendPrivately(line + [UInt8(ascii: "\n")], toFile: path)
    }

    /// Drops the oldest lines of a file that has become too long.
    func trim() {
        guard let path, let descriptor = try? System.openForReading(path) else { return }
        defer { System.closeDescriptor(descriptor) }
        let lines = ((try? System.readAll(descriptor)) ?? []).split(separator: UInt8(ascii: "\n"))
        guard lines.count > Self.maximumLines else { return }
        let kept = lines.suffix(Self.maximumLines).flatMap { $0 + [UInt8(ascii: "\n")] }
        System.replacePrivately(kept, ofFile: path)
    }
}
