#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The project's own specs, and the page that describes them.
enum SpecFiles {
    /// The folder that holds Package.swift.
    private static let root: String = {
        // Tests/LSMTxSpecsTests/Language/<this file>
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(4)
        return parts.joined(separator: "/")
    }()

    /// The paths of all specs, relative to the root.
    static let paths: [String] = {
        guard let folder = opendir("\(root)/Specs") else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".spec") { names.append("Specs/\(name)") }
        }
        return names.sorted()
    }()

    static func read(_ path: String) -> String {
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

    /// The blocks of a page that are fenced as `language`.
    static func blocks(of page: String, language: String) -> [String] {
        page.components(between: "```\(language)\n", and: "```")
    }
}

extension String {
    fileprivate func components(between start: String, and end: String) -> [String] {
        var found: [String] = []
        var lines: [Substring]?
        for line in split(separator: "\n", omittingEmptySubsequences: false) {
            if let block = lines {
                if line.hasPrefix(end) {
                    found.append(block.joined(separator: "\n") + "\n")
                    lines = nil
                } else {
                    lines = block + [line]
                }
            } else if line + "\n" == start {
                lines = []
            }
        }
        return found
    }
}
