import Foundation

/// What the figures of a run depend on beside the engines.
struct Machine: Codable, Sendable {
    let processor: String
    let processors: Int
    let memoryGigabytes: Double
    let system: String
    let fileSystem: String
    let compiler: String
    let date: String

    /// - Parameter directory: Where the stores lie.
    init(directory: String) {
        processor = Self.field("model name", of: "/proc/cpuinfo") ?? "unknown"
        processors = ProcessInfo.processInfo.activeProcessorCount
        memoryGigabytes = (Double(ProcessInfo.processInfo.physicalMemory) / 1e8).rounded() / 10
        var names = utsname()
        uname(&names)
        let kernel = withUnsafeBytes(of: &names.release) { Self.text($0) }
        let kind = withUnsafeBytes(of: &names.sysname) { Self.text($0) }
        system = "\(kind) \(kernel), \(ProcessInfo.processInfo.operatingSystemVersionString)"
        fileSystem = Self.fileSystem(of: directory)
        #if compiler(>=6.4)
        compiler = "Swift 6.4 or later, release build"
        #elseif compiler(>=6.3)
        compiler = "Swift 6.3, release build"
        #else
        compiler = "Swift 6.2, release build"
        #endif
        date = ISO8601DateFormatter().string(from: Date())
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func field(_ name: String, of path: String) -> String? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// Type and options of the mount that holds a folder: Linux only.
    private static func fileSystem(of directory: String) -> String {
        guard let text = try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8) else { return "unknown" }
        let path = URL(fileURLWithPath: directory).resolvingSymlinksInPath().path
        var best: (length: Int, name: String) = (-1, "unknown")
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 3 else { continue }
            let mount = String(fields[1])
            let holds = path == mount || path.hasPrefix(mount == "/" ? "/" : mount + "/")
            if holds, mount.count >= best.length { best = (mount.count, "\(fields[2]) (\(fields[3]))") }
        }
        return best.name
    }
}
