internal import LSMTx
internal import LSMTxSimulation

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A file of a run, in a temporary folder of its own.
struct SimulatedFile {
    private let folder: String
    private var path: String { folder + "/store.lsmtx" }

    /// Makes the folder where the system keeps temporary files.
    init() throws(StoreError) {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let template = Array("\(parent)/lsmtx-spec-XXXXXX".utf8CString)
        let made = withUnsafeTemporaryAllocation(of: CChar.self, capacity: template.count) { buffer -> String? in
            for (place, character) in template.enumerated() { buffer.initializeElement(at: place, to: character) }
            return buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        guard let made else {
            throw StoreError(
                .io, "No temporary folder could be made in \(parent).", remedy: "Set TMPDIR to one that can be written."
            )
        }
        folder = made
    }

    /// Opens the file as a database does, with its lock.
    func open() throws(StoreError) -> PosixDevice {
        let device = try PosixDevice.open(path: path, writable: true)
        guard try device.lock(exclusive: true) == nil else {
            device.close()
            throw StoreError(.locked, "The file of the simulated store is open.", remedy: "Close it first.")
        }
        return device
    }

    /// Makes the file hold what a device does, and nothing else.
    func write(_ disk: CrashDevice) throws(StoreError) {
        unlink(path)
        let bytes = try disk.readAll()
        let device = try PosixDevice.create(path: path) { device throws(StoreError) in try device.write(bytes, at: 0) }
        guard let device else {
            throw StoreError(.io, "The file of the simulated store is there already.", remedy: "Remove it.")
        }
        device.close()
    }

    func remove() {
        unlink(path)
        rmdir(folder)
    }
}
