internal import LSMTx

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
            throw Failure(status, "Cannot open '\(folder)': \(describe(errorNumber: number)). \(remedy(of: number))")
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
        let descriptor = try openReplacing(path)
        var number = write(bytes, to: descriptor)
        if close(descriptor) != 0, number == 0 { number = errno }
        guard number == 0 else { throw cannotWrite(path, number) }
    }

    /// Makes an empty file, or empties the one that is there.
    ///
    /// - Throws: When it is a store: what it holds is worth more than any report, and the store may be the open one.
    static func openReplacing(_ path: String) throws -> Int32 {
        guard !isStore(path) else {
            throw Failure(.failure, "'\(path)' is a store, and is not overwritten. Choose another name.")
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw cannotWrite(path, errno) }
        return descriptor
    }

    /// Whether there is a regular file that begins as a store does.
    private static func isStore(_ path: String) -> Bool {
        // A named pipe would make the opening wait.
        guard isRegularFile(path) else { return false }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Superblock.magic.count)
        return readOnce(descriptor, &bytes) == bytes.count && bytes == Superblock.magic
    }

    static func cannotWrite(_ path: String, _ number: Int32) -> Failure {
        Failure(.inputOutput, "Cannot write '\(path)': \(describe(errorNumber: number)). \(remedy(of: number))")
    }

    static func isFolder(_ descriptor: Int32) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether there is a regular file of this name, or a link to one.
    static func isRegularFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// The length of a regular file; 0 for anything else.
    static func regularFileBytes(_ descriptor: Int32) -> UInt64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return 0 }
        return UInt64(max(0, status.st_size))
    }

    /// The length of a file of this name, whatever it is; `nil` when there is none.
    static func fileBytes(_ path: String) -> UInt64? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return UInt64(max(0, status.st_size))
    }

    /// Makes a file, or opens what is no regular file, such as a terminal or a named pipe.
    ///
    /// - Throws: When there is a file of that name.
    static func openForWriting(_ path: String) throws -> (descriptor: Int32, isNew: Bool) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor < 0 else { return (descriptor, true) }
        let number = errno
        if number == EEXIST {
            var status = stat()
            guard stat(path, &status) != 0 || [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) else {
                let descriptor = open(path, O_WRONLY | O_CLOEXEC)
                if descriptor >= 0 { return (descriptor, false) }
                throw cannotWrite(path, errno)
            }
            throw Failure(.failure, "'\(path)' is there already. Remove it first, or choose another name.")
        }
        throw cannotWrite(path, number)
    }

    /// Has the medium take what was written, where it is one, and closes.
    static func finishWriting(_ descriptor: Int32, _ path: String) throws {
        // A pipe or a terminal has no medium.
        if fsync(descriptor) != 0, errno != EINVAL, errno != EROFS, errno != ENOTSUP {
            throw Failure(.inputOutput, "Cannot write '\(path)': \(describe(errorNumber: errno)). Make room.")
        }
        guard close(descriptor) == 0 else {
            throw Failure(.inputOutput, "Cannot write '\(path)': \(describe(errorNumber: errno)). Make room.")
        }
    }

    static func remove(_ path: String) { unlink(path) }

    /// Gives a file another name, durably. What had that name is gone.
    static func rename(_ path: String, to target: String) throws {
        guard systemRename(path, target) == 0 else {
            throw Failure(.inputOutput, "Cannot name '\(target)': \(describe(errorNumber: errno)). Check the path.")
        }
        let folder = target.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let descriptor = open(folder.isEmpty ? (target.hasPrefix("/") ? "/" : ".") : folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw Failure(.inputOutput, "Cannot sync '\(folder)': \(describe(errorNumber: errno)). Try again.")
        }
    }
}

// The methods above hide the functions of the same names.
private func readOnce(_ descriptor: Int32, _ bytes: inout [UInt8]) -> Int { read(descriptor, &bytes, bytes.count) }

private func systemRename(_ path: String, _ target: String) -> Int32 { rename(path, target) }
