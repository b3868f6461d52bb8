#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The one place where an error number of the operating system becomes an error of the store (`man 3 errno`).
extension StoreError {
    private struct Meaning {
        let code: Code
        let cause: String
        let remedy: String
    }

    /// A system call that failed.
    ///
    /// - Parameters:
    ///   - number: The `errno` that it left.
    ///   - action: What was attempted, as the start of a sentence: "Reading the file".
    ///   - path: The file or folder that it was attempted on.
    ///   - offset: Where in the file.
    package static func system(
        _ number: Int32, doing action: String, path: String?, offset: UInt64? = nil
    ) -> StoreError {
        let meaning = meaning(of: number)
        return StoreError(
            meaning.code, "\(action) failed: \(meaning.cause).", remedy: meaning.remedy,
            at: Location(path: path, offset: offset), errorNumber: number)
    }

    /// A call that should have made earlier writes durable failed.
    ///
    /// Always `io`, also for want of space: `diskFull` promises that the commit did not happen, and after a failed
    /// sync nobody knows which of its bytes the medium has.
    package static func syncFailed(
        _ number: Int32, doing action: String, path: String?, offset: UInt64? = nil
    ) -> StoreError {
        StoreError(
            .io, "\(action) failed: \(meaning(of: number).cause).",
            remedy: "Check the device and its free space, then open the file again; a failed sync cannot be repeated.",
            at: Location(path: path, offset: offset), errorNumber: number)
    }

    private static func meaning(of number: Int32) -> Meaning {
        switch number {
        case ENOSPC, EDQUOT, EFBIG:
            let cause =
                switch number {
                case EDQUOT: "the disk quota is used up"
                case EFBIG: "the file would pass the largest size that the file system or the process may have"
                default: "no space is left on the device"
                }
            return Meaning(code: .diskFull, cause: cause, remedy: "Free some space or raise the limit and try again.")
        case EACCES, EPERM:
            return Meaning(
                code: .readOnly, cause: "permission was denied",
                remedy: "Grant this user access to the file and its folder, or open the file read-only.")
        case EROFS:
            return Meaning(
                code: .readOnly, cause: "the file system is read-only",
                remedy: "Open the file read-only, or move it to a file system that can be written to.")
        case ETXTBSY:
            return Meaning(
                code: .readOnly, cause: "the file is being executed or is in use as swap space",
                remedy: "Check the path.")
        case ENOENT, ENOTDIR:
            return Meaning(
                code: .notFound, cause: "no such file or folder",
                remedy: "Check the path; the folder must exist before the file can be created.")
        case ELOOP:
            return Meaning(code: .notFound, cause: "too many symbolic links", remedy: "Check the links in the path.")
        case EISDIR:
            return Meaning(code: .notADatabase, cause: "it is a folder", remedy: "Name a file, not a folder.")
        case ENXIO, ENODEV:
            return Meaning(
                code: .notADatabase, cause: "it is a socket, a pipe or a device without a driver",
                remedy: "Name a regular file.")
        case ENAMETOOLONG:
            return Meaning(code: .misuse, cause: "the path is too long", remedy: "Use a shorter path.")
        case EMFILE, ENFILE:
            return Meaning(
                code: .io, cause: "too many files are open",
                remedy: "Close some files or raise the limit (ulimit -n) and try again.")
        case ENOMEM, ENOBUFS:
            return Meaning(code: .io, cause: "the system is out of memory", remedy: "Free some memory and try again.")
        case ENOLCK:
            return Meaning(
                code: .io, cause: "no lock is available",
                remedy: "Use a file system with working file locks; some network file systems have none.")
        case EBADF:
            return Meaning(code: .closed, cause: "the file has been closed", remedy: "Open the database again.")
        case EOPNOTSUPP, ENOTSUP, ENOSYS, EINVAL:
            return Meaning(
                code: .io, cause: "the system does not support this here (error \(number))",
                remedy: "Use a local file system.")
        case ESTALE:
            return Meaning(
                code: .io, cause: "the server no longer knows the file", remedy: "Open the file again on the server.")
        case EIO:
            return Meaning(
                code: .io, cause: "the device reported an input/output error",
                remedy: "Check the device and the system's log, then open the file again.")
        case EAGAIN, EINTR:
            return Meaning(
                code: .io, cause: "the call made no progress",
                remedy: "Check whether another program holds a lease on the file, and try again.")
        default:
            return Meaning(
                code: .io, cause: "the system reported error \(number)",
                remedy: "Look up the error number, check the device and the system's log, and open the file again.")
        }
    }
}
