#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Files that the shell writes.
extension System {
    /// Adds to a file that only its owner may read, and makes it and its folders if need be. A failure is no error.
    static func appendPrivately(_ bytes: [UInt8], toFile path: String) {
        makeFolders(of: path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        _ = write(bytes, to: descriptor)
        closeDescriptor(descriptor)
    }

    /// Puts a new file that only its owner may read in place of an old one. A failure is no error.
    static func replacePrivately(_ bytes: [UInt8], ofFile path: String) {
        let temporary = "\(path).\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        let number = write(bytes, to: descriptor)
        closeDescriptor(descriptor)
        if number != 0 || moveFile(temporary, path) != 0 { unlink(temporary) }
    }

    private static func makeFolders(of path: String) {
        for (index, byte) in path.utf8.enumerated() where byte == UInt8(ascii: "/") && index > 0 {
            mkdir(String(decoding: path.utf8.prefix(index), as: UTF8.self), 0o700)
        }
    }
}

// Outside of the extension, where a method of this name would hide it.
private func moveFile(_ path: String, _ target: String) -> Int32 { rename(path, target) }
