#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// What another process is called: an error that names the program helps more than one that has its number alone.
enum ProcessName {
    #if os(Linux)
    /// A process has as many open files as this at most, or is not looked at to the end.
    private static let maximumFiles = 4096

    /// The command of a process that has a file open.
    ///
    /// A number may be that of another process in another container, so the process must be seen to have the file open,
    /// which those of other users are not.
    ///
    /// - Returns: `nil` when it cannot be found out.
    static func of(_ processID: Int32, having path: String) -> String? {
        var file = stat()
        guard stat(path, &file) == 0, hasOpen(processID, file) else { return nil }
        let descriptor = open("/proc/\(processID)/comm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(descriptor, &bytes, bytes.count)
        let name = bytes.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }
        guard !name.isEmpty, name.allSatisfy({ (0x20..<0x7F).contains($0) }) else { return nil }
        return String(decoding: name, as: UTF8.self)
    }

    private static func hasOpen(_ processID: Int32, _ file: stat) -> Bool {
        let folder = "/proc/\(processID)/fd"
        guard let stream = opendir(folder) else { return false }
        defer { closedir(stream) }
        var looked = 0
        while looked < maximumFiles, let entry = readdir(stream) {
            looked += 1
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) {
                    String(cString: $0)
                }
            }
            var other = stat()
            if stat("\(folder)/\(name)", &other) == 0, other.st_dev == file.st_dev, other.st_ino == file.st_ino {
                return true
            }
        }
        return false
    }
    #else
    /// The system does not tell, or only with headers that its overlay does not import.
    static func of(_ processID: Int32, having path: String) -> String? { nil }
    #endif
}
