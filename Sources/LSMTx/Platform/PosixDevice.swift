internal import CLSMTxShims
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A regular file of the operating system.
///
/// Every transfer names its offset, so that threads share the descriptor without sharing a position. Calls that
/// change the file or its locks refuse to run in a child made by `fork`; see ``ForkGuard``.
package final class PosixDevice: StorageDevice {
    /// The path that the file was opened by, for messages.
    package let path: String
    /// Whether it was opened for writing.
    package let isWritable: Bool

    /// -1 once closed, so that a late call fails instead of reaching another file that got the same number.
    private let descriptor: Atomic<Int32>
    private let forkGuard = ForkGuard.current
    /// Cleared when the system turns out to have no write that is durable by itself.
    private let hasDurableWrite = Atomic<Bool>(true)
    /// Cleared when the file system turns out not to punch holes.
    private let punches = Atomic<Bool>(true)
    /// Held while the length is changed by a rule of "look, then set", which two threads must not interleave.
    private let growth = Guarded(())

    /// Takes over an open descriptor of a regular file.
    init(adopting descriptor: Int32, path: String, isWritable: Bool) {
        self.descriptor = Atomic(descriptor)
        self.path = path
        self.isWritable = isWritable
    }

    deinit { close() }

    package func close() {
        let open = descriptor.exchange(-1, ordering: .acquiringAndReleasing)
        guard open >= 0 else { return }
        // Locks belong to the open file, which children may still hold between fork and exec. The child itself
        // must not unlock: it would take the parent's lock away.
        if forkGuard.isSameProcess { lsmtx_unlock(open, 0, 0) }
        _ = systemClose(open)
    }

    package func length() throws(StoreError) -> UInt64 {
        let descriptor = openDescriptor
        var status = stat()
        let failure = errorNumber { fstat(descriptor, &status) }
        guard failure == 0 else { throw .system(failure, doing: "Reading the file's length", path: path) }
        return UInt64(max(0, status.st_size))
    }

    package func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StoreError) -> Int {
        guard let base = target.baseAddress, Self.isAddressable(offset, target.count) else { return 0 }
        let descriptor = openDescriptor
        return try transfer(target.count, at: offset, doing: "Reading the file", endsAtZero: true) { done in
            pread(descriptor, base + done, target.count - done, off_t(offset) + off_t(done))
        }
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try forkGuard.check()
        guard let base = bytes.baseAddress else { return }
        guard Self.isAddressable(offset, bytes.count) else { throw tooFar(offset, doing: "Writing the file") }
        let descriptor = openDescriptor
        _ = try transfer(bytes.count, at: offset, doing: "Writing the file", endsAtZero: false) { done in
            pwrite(descriptor, base + done, bytes.count - done, off_t(offset) + off_t(done))
        }
    }

    package func writeDurably(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try forkGuard.check()
        guard let base = bytes.baseAddress else { return }
        guard Self.isAddressable(offset, bytes.count) else { throw tooFar(offset, doing: "Writing the file") }
        let descriptor = openDescriptor
        if hasDurableWrite.load(ordering: .relaxed) {
            do {
                _ = try transfer(bytes.count, at: offset, doing: "Writing the file", endsAtZero: false) { done in
                    Int(lsmtx_pwrite_durable(descriptor, base + done, bytes.count - done, Int64(offset) + Int64(done)))
                }
                return
            } catch {
                // Whatever was written is written again below. An error that says nothing about support is final.
                let number = error.errorNumber ?? EIO
                guard Self.meansUnsupported(number) else {
                    throw .syncFailed(number, doing: "Writing the file durably", path: path, offset: offset)
                }
                hasDurableWrite.store(false, ordering: .relaxed)
            }
        }
        try write(bytes, at: offset)
        try sync()
    }

    package func sync() throws(StoreError) {
        try forkGuard.check()
        let descriptor = openDescriptor
        let failure = errorNumber { lsmtx_sync_data(descriptor) }
        guard failure == 0 else { throw .syncFailed(failure, doing: "Syncing the file", path: path) }
    }

    package func reserve(_ range: FileRange) throws(StoreError) {
        try forkGuard.check()
        guard range.length > 0 else { return }
        guard range.length <= UInt64(Int64.max), Self.isAddressable(range.offset, Int(range.length)) else {
            throw tooFar(range.offset, doing: "Reserving space")
        }
        let descriptor = openDescriptor
        try growth.withLock { _ throws(StoreError) in
            var failure = errorNumber { lsmtx_reserve(descriptor, Int64(range.offset), Int64(range.length)) }
            if Self.meansUnsupported(failure) {
                // Without preallocation the length is all that can be promised.
                failure = try length() < range.end ? errorNumber { ftruncate(descriptor, off_t(range.end)) } : 0
            }
            guard failure == 0 else {
                throw .system(failure, doing: "Reserving space", path: path, offset: range.offset)
            }
        }
    }

    package var canPunch: Bool { punches.load(ordering: .relaxed) }

    package func punch(_ range: FileRange) throws(StoreError) {
        try forkGuard.check()
        guard canPunch, range.length > 0, range.length <= UInt64(Int64.max),
            Self.isAddressable(range.offset, Int(range.length))
        else { return }
        let descriptor = openDescriptor
        let failure = errorNumber { lsmtx_punch(descriptor, Int64(range.offset), Int64(range.length)) }
        if Self.meansUnsupported(failure) { return punches.store(false, ordering: .relaxed) }
        guard failure == 0 else {
            throw .system(failure, doing: "Giving space back", path: path, offset: range.offset)
        }
    }

    package func truncate(to length: UInt64) throws(StoreError) {
        try forkGuard.check()
        guard Self.isAddressable(length, 0) else { throw tooFar(length, doing: "Shortening the file") }
        let descriptor = openDescriptor
        let failure = growth.withLock { _ in errorNumber { ftruncate(descriptor, off_t(length)) } }
        guard failure == 0 else { throw .system(failure, doing: "Shortening the file", path: path, offset: length) }
    }

    package func dropCache(_ range: FileRange) {
        // A length of 0 would mean everything to the end.
        guard range.length > 0, range.length <= UInt64(Int64.max), Self.isAddressable(range.offset, Int(range.length))
        else { return }
        lsmtx_drop_cache(openDescriptor, Int64(range.offset), Int64(range.length))
    }

    package func lock(exclusive: Bool) throws(StoreError) -> LockHolder? {
        try forkGuard.check()
        guard isWritable || !exclusive else {
            throw StoreError(
                .readOnly, "A file that was opened read-only cannot be locked for writing.",
                remedy: "Open it for writing.", at: StoreError.Location(path: path))
        }
        return try PosixLock.take(openDescriptor, exclusive: exclusive, path: path)
    }

    /// Makes the file and everything about it durable, which only a newly made file needs.
    func syncCompletely() throws(StoreError) {
        let descriptor = openDescriptor
        #if canImport(Darwin)
        let failure = errorNumber { lsmtx_sync_data(descriptor) }
        #else
        let failure = errorNumber { fsync(descriptor) }
        #endif
        guard failure == 0 else { throw .syncFailed(failure, doing: "Syncing the new file", path: path) }
    }

    /// The descriptor for a call that starts now; after ``close()`` a number that every call refuses.
    var openDescriptor: Int32 { descriptor.load(ordering: .relaxed) }

    /// Repeats `step` until `count` bytes are done. A step that is told to try again gets a bounded number of turns,
    /// so that a file which never becomes ready is an error and not a hang.
    private func transfer(
        _ count: Int, at offset: UInt64, doing action: String, endsAtZero: Bool, step: (Int) -> Int
    ) throws(StoreError) -> Int {
        var done = 0
        var turnsLeft = 1000
        while done < count {
            let moved = step(done)
            if moved > 0 {
                done += moved
                continue
            }
            if moved == 0, endsAtZero { return done }
            let failure = moved == 0 ? EIO : errno
            if failure == EINTR { continue }
            if failure == EAGAIN, turnsLeft > 0 {
                turnsLeft -= 1
                sched_yield()
                continue
            }
            throw .system(failure, doing: action, path: path, offset: offset + UInt64(done))
        }
        return done
    }

    private func tooFar(_ offset: UInt64, doing action: String) -> StoreError {
        .system(EFBIG, doing: action, path: path, offset: offset)
    }

    /// Whether the system can express the range's end. Offsets can come from a damaged file.
    private static func isAddressable(_ offset: UInt64, _ count: Int) -> Bool {
        offset <= UInt64(Int64.max) - UInt64(count)
    }

    private static func meansUnsupported(_ number: Int32) -> Bool {
        number == EOPNOTSUPP || number == ENOTSUP || number == ENOSYS || number == EINVAL
    }
}

/// Repeats a call while a signal interrupts it, and returns 0 or its error number.
@inline(__always)
func errorNumber(of call: () -> Int32) -> Int32 {
    while true {
        if call() >= 0 { return 0 }
        let number = errno
        if number != EINTR { return number }
    }
}

/// `close`, which a method of the same name hides. It is never repeated: after EINTR the number is free, and may
/// already name another file.
func systemClose(_ descriptor: Int32) -> Int32 {
    #if canImport(Glibc)
    Glibc.close(descriptor)
    #elseif canImport(Musl)
    Musl.close(descriptor)
    #elseif canImport(Darwin)
    Darwin.close(descriptor)
    #endif
}
