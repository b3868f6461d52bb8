/// The devices that a store writes its file through: one for each part that relies on its own syncs.
///
/// Each lane is an open file of its own to the system, so that a failed write-back is reported to each of them, and has
/// one user at a time, so that nobody else takes the report away:
/// - `tables`: changes of the version set, by the one thread that makes them; everything that is read; the lock.
/// - `segments`: log segments that are made ahead of need, one batch at a time.
/// - `commits`: the log. Syncs here wait for each other, so a commit that was synced has seen every failure before.
/// - `values`: large values, which are synced before the log names them. Syncs wait for each other here too; on the
///   log's lane, durable writes of small commits would wait behind the sync of a gigabyte.
package struct StoreLanes: Sendable {
    package let tables: any StorageDevice
    package let segments: any StorageDevice
    package let commits: any StorageDevice
    package let values: any StorageDevice

    /// Every use through one device, which is enough while one thread does everything.
    package init(sharing device: any StorageDevice) {
        tables = device
        segments = device
        commits = device
        values = device
    }

    /// Opens the lanes over `base`.
    package init(over base: any StorageDevice) throws(StoreError) {
        let failure = FailStopDevice.Failure()
        tables = FailStopDevice(base, sharing: failure)
        segments = FailStopDevice(try base.anotherHandle(), sharing: failure)
        commits = FailStopDevice(try base.anotherHandle(), sharing: failure, syncsOneAtATime: true)
        values = FailStopDevice(try base.anotherHandle(), sharing: failure, syncsOneAtATime: true)
    }

    package func close() {
        values.close()
        commits.close()
        segments.close()
        tables.close()
    }
}
