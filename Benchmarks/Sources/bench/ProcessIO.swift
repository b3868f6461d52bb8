import Foundation

/// What the process has done to files, as far as the system tells.
enum ProcessIO {
    /// Bytes given to `write` calls by all threads since the process began: Linux only.
    static var writtenBytes: UInt64? {
        #if os(Linux)
        guard let text = try? String(contentsOfFile: "/proc/self/io", encoding: .utf8) else { return nil }
        return text.split(separator: "\n").first { $0.hasPrefix("wchar:") }
            .flatMap { UInt64($0.dropFirst("wchar:".count).trimmingCharacters(in: .whitespaces)) }
        #else
        return nil
        #endif
    }
}
