package import LSMTx

/// Makes every change to a real file as well as to a device that knows what a loss of power could leave of it. Reads
/// come from the file.
package final class MirrorDevice: StorageDevice {
    private let file: any StorageDevice
    private let disk: CrashDevice

    package init(_ file: any StorageDevice, disk: CrashDevice) {
        self.file = file
        self.disk = disk
    }

    package func length() throws(StoreError) -> UInt64 { try file.length() }

    package func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StoreError) -> Int {
        try file.read(into: target, at: offset)
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try file.write(bytes, at: offset)
        try disk.write(bytes, at: offset)
    }

    package func writeDurably(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
        try file.writeDurably(bytes, at: offset)
        try disk.writeDurably(bytes, at: offset)
    }

    package func sync() throws(StoreError) {
        try file.sync()
        try disk.sync()
    }

    package func reserve(_ range: FileRange) throws(StoreError) {
        try file.reserve(range)
        try disk.reserve(range)
    }

    package var canPunch: Bool { file.canPunch }

    package func punch(_ range: FileRange) throws(StoreError) {
        try file.punch(range)
        try disk.punch(range)
    }

    package func truncate(to length: UInt64) throws(StoreError) {
        try file.truncate(to: length)
        try disk.truncate(to: length)
    }

    package func dropCache(_ range: FileRange) { file.dropCache(range) }

    package func lock(exclusive: Bool) throws(StoreError) -> LockHolder? { try file.lock(exclusive: exclusive) }

    package func anotherHandle() throws(StoreError) -> any StorageDevice {
        MirrorDevice(try file.anotherHandle(), disk: disk)
    }

    package func close() { file.close() }
}
