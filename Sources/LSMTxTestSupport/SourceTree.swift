#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The project's own files, for the tests that read them.
package enum SourceTree {
    /// The folder that holds Package.swift.
    package static let root: String = {
        // Sources/LSMTxTestSupport/<this file>
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        return parts.joined(separator: "/")
    }()

    /// Paths below `folder`, relative to the root, of files with one of the endings; build products left out.
    package static func files(in folder: String, endings: [String] = [".swift"]) -> [String] {
        var found: [String] = []
        for name in entries(of: "\(root)/\(folder)") where !name.hasPrefix(".") {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            if endings.contains(where: { name.hasSuffix($0) }) { found.append(path) }
            found += files(in: path, endings: endings)
        }
        return found.sorted()
    }

    package static func read(_ path: String) -> String {
        guard let file = fopen("\(root)/\(path)", "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
