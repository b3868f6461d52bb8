#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

extension System {
    static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// The names in a folder, in no order.
    ///
    /// - Returns: `nil` if there is something else than a folder of this name.
    static func names(in folder: String) throws -> [String]? {
        guard let stream = opendir(folder) else {
            let number = errno
            if number == ENOTDIR { return nil }
            let status = number == ENOENT ? ExitStatus.noInput : .inputOutput
            throw Failure(status, "Cannot open '\(folder)': \(describe(errorNumber: number)). Check the path.")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) {
                    String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Whether there is a folder of this name; a link to one is none, so that no walk goes in circles.
    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Makes a file of these bytes, in place of one that may be there.
    static func write(_ bytes: [UInt8], toFile path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        var number = descriptor < 0 ? errno : write(bytes, to: descriptor)
        if descriptor >= 0, close(descriptor) != 0, number == 0 { number = errno }
        guard number == 0 else {
            throw Failure(.inputOutput, "Cannot write '\(path)': \(describe(errorNumber: number)). Check the path.")
        }
    }
}
