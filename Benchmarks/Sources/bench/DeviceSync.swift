import Foundation

/// What the device itself takes for a durable write: 512 bytes, in order, into a file that was written with zeros
/// beforehand, so that no write changes the file's length or its map of blocks.
struct DeviceSync {
    private static let writeBytes = 512
    private static let fileBytes = 16 << 20
    private static let fillBytes = 64 << 10
    private let path: String
    private let seconds: Double

    init(path: String, seconds: Double) {
        self.path = path
        self.seconds = seconds
    }

    /// Durable writes a second by `pwrite` and `fdatasync`.
    func writesAndSyncs() throws -> Double {
        let descriptor = try prepare(O_RDWR)
        defer { close(descriptor) }
        return try rate { buffer, offset in
            guard pwrite(descriptor, buffer, Self.writeBytes, off_t(offset)) == Self.writeBytes else { return false }
            return fdatasync(descriptor) == 0
        }
    }

    /// Durable writes a second through a descriptor whose every write is durable: what `RWF_DSYNC` asks for one write.
    func durableWrites() throws -> Double {
        let descriptor = try prepare(O_RDWR | O_DSYNC)
        defer { close(descriptor) }
        return try rate { buffer, offset in
            pwrite(descriptor, buffer, Self.writeBytes, off_t(offset)) == Self.writeBytes
        }
    }

    private func prepare(_ flags: Int32) throws -> Int32 {
        let filling = open(path, O_CREAT | O_RDWR | O_TRUNC, 0o600)
        guard filling >= 0 else { throw Failure("\(path) cannot be made.") }
        defer { close(filling) }
        let zeros = [UInt8](repeating: 0, count: Self.fillBytes)
        for offset in stride(from: 0, to: Self.fileBytes, by: Self.fillBytes) {
            guard pwrite(filling, zeros, zeros.count, off_t(offset)) == zeros.count else {
                throw Failure("\(path) cannot be written.")
            }
        }
        guard fsync(filling) == 0 else { throw Failure("\(path) cannot be synced.") }
        let descriptor = open(path, flags)
        guard descriptor >= 0 else { throw Failure("\(path) cannot be opened.") }
        return descriptor
    }

    private func rate(_ write: (UnsafeRawPointer, Int) -> Bool) throws -> Double {
        var bytes = [UInt8](repeating: 0, count: Self.writeBytes)
        var count = 0
        let start = Clock.nanoseconds
        let end = start + UInt64(seconds * 1e9)
        while Clock.nanoseconds < end {
            bytes[0] = UInt8(truncatingIfNeeded: count)
            let offset = count * Self.writeBytes % Self.fileBytes
            guard bytes.withUnsafeBytes({ write($0.baseAddress!, offset) }) else {
                throw Failure("\(path) cannot be written durably.")
            }
            count += 1
        }
        return Double(count) / (Double(Clock.nanoseconds - start) / 1e9)
    }
}
