internal import CLSMTxShims

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The lock of one open file against all others, in this process and in others.
///
/// The locks belong to the open file description: they conflict within a process, survive an unrelated open and
/// close of the same file, and end with the process however it ends. They lie far past the longest file, since a
/// lock on data would stop mandatory-lock file systems from reading it.
///
/// 1. Byte 2^62: exclusive for a writer, shared for readers.
/// 2. Byte 2^62 + 1 + process id, shared, held by whoever holds byte 1. The system does not say whose an open file
///    description's lock is, but it says where it begins, so that a refused opener can name the process. Two
///    holders in one process, or with one number in two containers, share the byte; hence shared.
///
/// The marker is taken after the lock and by holders only, so that a refused opener never names another one.
enum PosixLock {
    private static let offset: Int64 = 1 << 62
    private static let firstMarker = offset + 1
    private static let markerCount: Int64 = 1 << 31

    /// Takes the lock, or finds out who has it.
    static func take(_ descriptor: Int32, exclusive: Bool, path: String) throws(StoreError) -> LockHolder? {
        // The holder may be between taking its lock and setting its marker, or may just have gone.
        for _ in 0..<16 {
            let failure = errorNumber { lsmtx_lock(descriptor, exclusive, offset, 1) }
            if failure == 0 {
                // The marker only improves a message, so its failure is none.
                _ = errorNumber { lsmtx_lock(descriptor, false, firstMarker + Int64(getpid()), 1) }
                return nil
            }
            guard failure == EAGAIN || failure == EACCES else {
                throw .system(failure, doing: "Locking the file", path: path)
            }
            var start: Int64 = 0
            if lsmtx_probe_lock(descriptor, firstMarker, markerCount, &start) == 1, start > firstMarker {
                let processID = Int32(truncatingIfNeeded: start - firstMarker)
                return LockHolder(processID: processID, isThisProcess: processID == getpid())
            }
            sched_yield()
        }
        return LockHolder(processID: nil, isThisProcess: false)
    }
}
