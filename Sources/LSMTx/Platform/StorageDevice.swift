/// The one door to the operating system's files: everything that the store reads, writes, syncs or locks goes
/// through these calls, so that tests can put a device behind them that forgets, reorders, tears and fails.
///
/// Contract of every implementation:
/// 1. A call loops over interruptions and short transfers; making no progress is an error.
/// 2. Calls may come from many threads at once. Writes to disjoint ranges do not disturb each other.
/// 3. A write is visible to reads at once, and durable only after a `sync` that began after it returned, or when
///    it was a `writeDurably`.
/// 4. A failed `sync` says nothing about which writes are durable, and a later successful one does not either: the
///    kernel marks the pages clean after a failure. The caller stops acknowledging commits for good.
package protocol StorageDevice: AnyObject, Sendable {
    /// The file's length in bytes.
    func length() throws(StoreError) -> UInt64

    /// Fills `target` from `offset` on and returns the number of bytes, fewer than asked for only where the file ends.
    func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StoreError) -> Int

    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError)

    /// Writes all of `bytes` at `offset` and returns when they, and the metadata needed to read them, are durable.
    /// It says nothing about any other write.
    func writeDurably(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError)

    /// Makes every write that returned before this call began durable.
    func sync() throws(StoreError)

    /// Takes space for `range`, so that writes there cannot fail for want of it, and grows the file to hold it.
    /// Bytes that were not there before read as zeros. Throws `diskFull` when there is no space.
    func reserve(_ range: FileRange) throws(StoreError)

    /// Whether ``punch(_:)`` gives space back, as far as is known.
    var canPunch: Bool { get }

    /// Gives the space of `range` back; it reads as zeros afterwards. A device that cannot leaves it as it is.
    func punch(_ range: FileRange) throws(StoreError)

    /// Cuts the file at `length`, which is at most its present length.
    func truncate(to length: UInt64) throws(StoreError)

    /// Asks the system to forget its clean copy of `range`, so that the next read comes from the medium.
    func dropCache(_ range: FileRange)

    /// Takes the lock that excludes other handles, or says who has it.
    ///
    /// - Parameter exclusive: `true` to write; `false` to read, which several may do at once.
    /// - Returns: `nil` when the lock was taken, else what is known of its holder.
    func lock(exclusive: Bool) throws(StoreError) -> LockHolder?

    /// The same file through another open file of the system, if that makes a difference to it.
    ///
    /// The system reports a failed write-back once to each open file. Whoever must not miss it syncs through a handle
    /// that nobody else syncs through. The handle holds no lock, and is closed apart.
    func anotherHandle() throws(StoreError) -> any StorageDevice

    /// Gives up the file. No other call may follow.
    func close()
}

extension StorageDevice {
    package func anotherHandle() throws(StoreError) -> any StorageDevice { self }

    package var canPunch: Bool { true }
}

/// Who holds a lock that could not be taken.
package struct LockHolder: Sendable, Equatable {
    /// The process, where it could be found out.
    package let processID: Int32?
    /// Whether that process is this one.
    package let isThisProcess: Bool
    package init(processID: Int32?, isThisProcess: Bool) {
        self.processID = processID
        self.isThisProcess = isThisProcess
    }
}
