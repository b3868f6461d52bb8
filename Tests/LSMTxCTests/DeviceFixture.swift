import LSMTx
import LSMTxC
import LSMTxSimulation

// The C functions are not called here: this file alone sees the functions that implement them too.
extension C {
    /// A store on a device of the test's, as a handle.
    static func store(
        on device: any StorageDevice, format: Bool = true, change: (inout EngineOptions) -> Void = { _ in }
    ) throws -> OpaquePointer {
        var configuration = Configuration()
        configuration.memtableBytes = 64 << 10
        configuration.extentBytes = 16 << 10
        var options = EngineOptions()
        options.memtableBytes = 64 << 10
        options.extentBytes = 16 << 10
        options.freeTailBytes = 128 << 10
        options.closeBytes = 1 << 20
        options.retention = .snapshotsOnly
        change(&options)
        var random = SeededGenerator(seed: 1)
        if format { try Engine.format(device, options: options, using: &random) }
        return makeHandle(
            of: try Database(device: device, path: nil, configuration: configuration, options: options))
    }
}
