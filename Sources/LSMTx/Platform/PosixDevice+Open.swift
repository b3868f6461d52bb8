internal import CLSMTxShims

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

extension PosixDevice {
    /// Opens an existing regular file.
    ///
    /// - Throws: `notFound`; `notADatabase` for a folder, a pipe, a socket or a device, without waiting for any of
    ///   them; `readOnly` when it may not be written.
    package static func open(path: String, writable: Bool) throws(StoreError) -> PosixDevice {
        try refuseZeroByte(in: path)
        let descriptor = try opening(path, doing: "Opening the file") { lsmtx_open(path, writable) }
        let device = PosixDevice(adopting: descriptor, path: path, isWritable: writable)
        var status = stat()
        let failure = errorNumber { fstat(descriptor, &status) }
        guard failure == 0 else { throw .system(failure, doing: "Opening the file", path: path) }
        if let what = irregularity(mode: status.st_mode) {
            throw StoreError(
                .notADatabase, "The path names \(what), not a regular file.", remedy: "Name a regular file.",
                at: StoreError.Location(path: path))
        }
        return device
    }

    /// Another open file over the same one, found through the descriptor and not through the path, which may name
    /// something else by now. Where the system does not give one, this device serves.
    package func anotherHandle() throws(StoreError) -> any StorageDevice {
        #if os(Linux)
        let other = try? Self.opening(path, doing: "Opening the file again") {
            lsmtx_open("/proc/self/fd/\(openDescriptor)", isWritable)
        }
        if let other { return PosixDevice(adopting: other, path: path, isWritable: isWritable) }
        #endif
        return self
    }

    /// Creates a file that is whole and durable before it has a name (R11 in Recovery).
    ///
    /// 1. The file is made without a name in its folder.
    /// 2. `initialize` writes its first bytes, and may take its lock before anyone else can see the file.
    /// 3. The file is synced, gets its name, and the folder is synced.
    ///
    /// Where the system has no unnamed files or cannot name one, the file is made in place, which fails when the
    /// name is taken; a crash in between then leaves an unfinished file, which `initialize` makes recognisable by
    /// writing last what makes the file valid. A temporary name and a rename would show a second file.
    ///
    /// - Parameter initialize: Writes the file. In the second case it may run again, on another empty file.
    /// - Returns: `nil` when the name is taken. The caller opens the file instead.
    /// - Throws: What `initialize` throws; errors of the system. Then no file was left behind, unless it is the sync
    ///   of the folder that failed: the file is whole, but may be gone after a loss of power.
    package static func create(
        path: String, initialize: (PosixDevice) throws(StoreError) -> Void
    ) throws(StoreError) -> PosixDevice? {
        try refuseZeroByte(in: path)
        let folder = try folder(of: path)
        var status = stat()
        if lstat(path, &status) == 0 { return nil }

        // First, so that a folder which cannot be synced is an error before anything was made.
        let folderDescriptor = try opening(folder, doing: "Opening the folder") {
            systemOpen(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        defer { _ = systemClose(folderDescriptor) }

        switch try createUnnamed(in: folder, path: path, initialize: initialize) {
        case .created(let device):
            try syncFolder(folderDescriptor, folder)
            return device
        case .taken:
            return nil
        case .unsupported:
            guard let device = try createInPlace(path: path, initialize: initialize) else { return nil }
            try syncFolder(folderDescriptor, folder)
            return device
        }
    }

    private enum UnnamedResult {
        case created(PosixDevice)
        case taken
        case unsupported
    }

    private static func createUnnamed(
        in folder: String, path: String, initialize: (PosixDevice) throws(StoreError) -> Void
    ) throws(StoreError) -> UnnamedResult {
        let descriptor: Int32
        do {
            descriptor = try opening(folder, doing: "Creating the file") { lsmtx_open_unnamed(folder) }
        } catch {
            // EISDIR and EINVAL are what systems answer that have never heard of unnamed files.
            switch error.errorNumber {
            case EOPNOTSUPP, ENOTSUP, ENOSYS, EISDIR, EINVAL: return .unsupported
            default: throw error.renamed(path)
            }
        }
        let device = PosixDevice(adopting: descriptor, path: path, isWritable: true)
        do {
            try initialize(device)
            try device.syncCompletely()
        } catch {
            device.close()
            throw error
        }
        let failure = errorNumber { lsmtx_link_unnamed(device.openDescriptor, path) }
        if failure == 0 { return .created(device) }
        device.close()
        switch failure {
        case EEXIST: return .taken
        // The name is given through /proc, which may not be there or not be allowed.
        case ENOENT, EACCES, EPERM, EXDEV, EINVAL, ENOSYS, EOPNOTSUPP, ENOTSUP: return .unsupported
        default: throw .system(failure, doing: "Naming the new file", path: path)
        }
    }

    /// Creates a file under its name, for systems without unnamed files.
    static func createInPlace(
        path: String, initialize: (PosixDevice) throws(StoreError) -> Void
    ) throws(StoreError) -> PosixDevice? {
        let descriptor: Int32
        do {
            descriptor = try opening(path, doing: "Creating the file") { lsmtx_create_exclusive(path) }
        } catch {
            if error.errorNumber == EEXIST { return nil }
            throw error
        }
        let device = PosixDevice(adopting: descriptor, path: path, isWritable: true)
        do {
            try initialize(device)
            try device.syncCompletely()
        } catch {
            unlink(path)
            device.close()
            throw error
        }
        return device
    }

    private static func syncFolder(_ descriptor: Int32, _ folder: String) throws(StoreError) {
        let failure = errorNumber { fsync(descriptor) }
        // Some file systems have nothing to sync in a folder and say so.
        guard failure == 0 || failure == EINVAL || failure == EOPNOTSUPP || failure == ENOTSUP else {
            throw .syncFailed(failure, doing: "Syncing the folder", path: folder)
        }
    }

    /// Opens something at a number above the standard streams: in a process that closed one of them, anything that
    /// prints would write into the database.
    private static func opening(
        _ path: String, doing action: String, _ open: () -> Int32
    ) throws(StoreError) -> Int32 {
        var descriptor: Int32 = -1
        var failure = errorNumber {
            descriptor = open()
            return descriptor
        }
        guard failure == 0 else { throw .system(failure, doing: action, path: path) }
        guard descriptor < 3 else { return descriptor }
        let low = descriptor
        failure = errorNumber {
            descriptor = fcntl(low, F_DUPFD_CLOEXEC, 3)
            return descriptor
        }
        _ = systemClose(low)
        guard failure == 0 else { throw .system(failure, doing: action, path: path) }
        return descriptor
    }

    private static func folder(of path: String) throws(StoreError) -> String {
        guard !path.utf8.isEmpty, path.utf8.last != UInt8(ascii: "/") else {
            throw StoreError(
                .notADatabase, path.utf8.isEmpty ? "The path is empty." : "The path names a folder.",
                remedy: "Name a file.", at: StoreError.Location(path: path))
        }
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
    }

    /// The system would take the path to end there, and open another file than was named.
    private static func refuseZeroByte(in path: String) throws(StoreError) {
        guard path.utf8.contains(0) else { return }
        throw StoreError(
            .misuse, "The path contains a zero byte.", remedy: "Pass a path without one.",
            at: StoreError.Location(path: path))
    }

    private static func irregularity(mode: mode_t) -> String? {
        switch mode & S_IFMT {
        case S_IFREG: nil
        case S_IFDIR: "a folder"
        case S_IFIFO: "a pipe"
        case S_IFSOCK: "a socket"
        case S_IFCHR, S_IFBLK: "a device"
        default: "something else"
        }
    }
}

extension StoreError {
    /// The same error about another path: a failure to make a file in a folder concerns the file.
    fileprivate func renamed(_ path: String) -> StoreError {
        var known = location
        known.path = path
        return StoreError(code, message, remedy: remedy, at: known, errorNumber: errorNumber)
    }
}

/// `open`, which a method of the same name hides.
private func systemOpen(_ path: String, _ flags: Int32) -> Int32 {
    #if canImport(Glibc)
    Glibc.open(path, flags)
    #elseif canImport(Musl)
    Musl.open(path, flags)
    #elseif canImport(Darwin)
    Darwin.open(path, flags)
    #endif
}
