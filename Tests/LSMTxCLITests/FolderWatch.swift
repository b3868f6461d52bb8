#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

#if os(Linux)
/// Notices every name that appears in a folder, however briefly (inotify).
final class FolderWatch {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        let events = UInt32(IN_CREATE) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM) | UInt32(IN_DELETE)
        guard descriptor >= 0, inotify_add_watch(descriptor, path, events) >= 0 else {
            throw ChildProcess.Failure(text: "inotify: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    /// The names that appeared or disappeared since the last call. An overflow of the kernel's queue is itself a name.
    func changedNames() -> [String] {
        var names: [String] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return names }
            var offset = 0
            while offset < count {
                // struct inotify_event: watch, mask, cookie, length of the name, the name padded with zeros.
                func field(_ index: Int) -> UInt32 {
                    buffer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset + index * 4, as: UInt32.self) }
                }
                if field(1) & UInt32(IN_Q_OVERFLOW) != 0 { names.append("(overflow)") }
                let name = buffer[offset + 16..<offset + 16 + Int(field(3))].prefix { $0 != 0 }
                if !name.isEmpty { names.append(String(decoding: name, as: UTF8.self)) }
                offset += 16 + Int(field(3))
            }
        }
    }
}
#endif
