import Foundation

/// The folder in which all stores of a run lie, each in a folder of its own, so that all are on one file system. It is
/// removed at the end, after a failure and after an interrupt too.
final class Workspace: Sendable {
    let path: String
    private let device: UInt64
    private let interrupts: Interrupts

    init(in directory: String) throws {
        path = directory + "/lsmtx-bench-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        var status = stat()
        guard stat(path, &status) == 0 else { throw Failure("\(path) is not there.") }
        device = UInt64(status.st_dev)
        interrupts = Interrupts(removing: path)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// An empty folder for one store.
    func folder(_ name: String) throws -> String {
        let folder = path + "/" + name
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    func remove(_ folder: String) { try? FileManager.default.removeItem(atPath: folder) }

    /// Fails where one of a store's files is not on the file system that all share.
    func checkFileSystem(of folder: String) throws {
        for file in [folder] + Self.files(in: folder) {
            var status = stat()
            guard stat(file, &status) == 0 else { continue }
            guard UInt64(status.st_dev) == device else { throw Failure("\(file) is on another file system.") }
        }
    }

    /// Lengths of all files of a folder, and what they and the folders take on the device.
    static func size(of folder: String) -> (length: UInt64, allocated: UInt64) {
        var size: (length: UInt64, allocated: UInt64) = (0, 0)
        for file in files(in: folder) {
            var status = stat()
            guard stat(file, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFREG { size.length += UInt64(status.st_size) }
            size.allocated += UInt64(status.st_blocks) * 512
        }
        return size
    }

    private static func files(in folder: String) -> [String] {
        let names = FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []
        return names.map { folder + "/" + $0 }
    }
}

/// Removes a folder when the process is told to end, and then lets it end.
private final class Interrupts: Sendable {
    // Nothing but the cancellation at the end touches them after `init`.
    nonisolated(unsafe) private let sources: [any DispatchSourceSignal]

    init(removing path: String) {
        sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                // Engines go on writing meanwhile, so that a folder can fill again behind the first removal.
                for _ in 0..<10 where FileManager.default.fileExists(atPath: path) {
                    try? FileManager.default.removeItem(atPath: path)
                }
                _exit(128 + number)
            }
            source.resume()
            return source
        }
    }

    deinit { for source in sources { source.cancel() } }
}
