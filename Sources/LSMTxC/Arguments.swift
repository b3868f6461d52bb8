internal import CLSMTx
internal import LSMTx

/// What a call was given, as Swift has it, or why it cannot be.
enum Arguments {
    /// Bytes that are the caller's until the call returns.
    ///
    /// - Throws: `misuse` for NULL with a length, `tooLarge` for what no memory holds.
    @inline(__always)
    static func bytes(_ data: UnsafeRawPointer?, _ length: Int) throws(StoreError) -> UnsafeRawBufferPointer {
        guard length > 0 else {
            if length < 0 { throw impossible(length) }
            return UnsafeRawBufferPointer(start: emptyBase, count: 0)
        }
        guard let data else { throw Misuse.noBytes }
        return UnsafeRawBufferPointer(start: data, count: length)
    }

    /// A key that is looked for. What is too long for a key is not looked at: it stands for a key that nobody has.
    ///
    /// - Throws: `misuse` for NULL with a length.
    @inline(__always)
    static func soughtKey(_ data: UnsafeRawPointer?, _ length: Int) throws(StoreError) -> UnsafeRawBufferPointer {
        guard UInt(bitPattern: length) <= UInt(Limits.maximumKeyBytes) else {
            guard data != nil else { throw Misuse.noBytes }
            return nobodysKey
        }
        return try bytes(data, length)
    }

    // Unsafe only by its type: it is made once, by the first that asks for such a key, never written again and never freed.
    nonisolated(unsafe) private static let nobodysKey: UnsafeRawBufferPointer = {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: Limits.maximumKeyBytes + 1, alignment: 1)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        return UnsafeRawBufferPointer(bytes)
    }()

    /// A key to begin at, of any length. Behind the longest key no byte counts, and none but one is looked at.
    @inline(__always)
    static func place(_ data: UnsafeRawPointer?, _ length: Int) throws(StoreError) -> UnsafeRawBufferPointer {
        let longest = UInt(Limits.maximumKeyBytes) + 1
        return try bytes(data, Int(min(UInt(bitPattern: length), longest)))
    }

    /// Where there are no bytes; never read through.
    private static var emptyBase: UnsafeRawPointer? { UnsafeRawPointer(bitPattern: 8) }

    private static func impossible(_ length: Int) -> StoreError {
        StoreError(
            .tooLarge, "A length of \(UInt(bitPattern: length)) bytes is over the limit.",
            remedy: "Check how it was computed; nothing of this call was done.")
    }

    static func text(_ text: UnsafePointer<CChar>?) throws(StoreError) -> String {
        guard let text else { throw Misuse.noText }
        guard let string = String(validatingCString: text) else { throw Misuse.notUTF8 }
        return string
    }

    static func optionalText(_ text: UnsafePointer<CChar>?) throws(StoreError) -> String? {
        guard text != nil else { return nil }
        return try self.text(text)
    }

    // MARK: Structures

    /// Whether a structure that begins with its size has the size that this library knows.
    static func sizeIsKnown<Structure>(_ structure: UnsafePointer<Structure>) -> Bool {
        size(of: structure) == MemoryLayout<Structure>.size
    }

    static func sizeIsKnown<Structure>(_ structure: UnsafeMutablePointer<Structure>) -> Bool {
        sizeIsKnown(UnsafePointer(structure))
    }

    /// Only the first member is looked at: there may be no more.
    private static func size<Structure>(of structure: UnsafePointer<Structure>) -> Int {
        UnsafeRawPointer(structure).load(as: Int.self)
    }

    static func structure<Structure>(
        _ structure: UnsafePointer<Structure>?
    ) throws(StoreError) -> UnsafePointer<Structure> {
        guard let structure else { throw Misuse.noStructure }
        guard sizeIsKnown(structure) else {
            throw Misuse.size(size(of: structure), expected: MemoryLayout<Structure>.size)
        }
        return structure
    }

    static func structure<Structure>(
        _ structure: UnsafeMutablePointer<Structure>?
    ) throws(StoreError) -> UnsafeMutablePointer<Structure> {
        _ = try self.structure(structure.map { UnsafePointer($0) })
        return structure.unsafelyUnwrapped
    }

    // MARK: Values

    static func range(_ range: UnsafePointer<lsmtx_range>?) throws(StoreError) -> KeyRange {
        guard let range = range?.pointee else { return .all }
        let lower = [UInt8](try place(range.lower, range.lower_length))
        guard range.upper != nil || range.upper_length == 0 else { throw Misuse.noBytes }
        let upper: [UInt8]? = range.upper == nil ? nil : [UInt8](try place(range.upper, range.upper_length))
        let prefix = [UInt8](try place(range.prefix, range.prefix_length))
        guard !prefix.isEmpty else { return KeyRange(from: lower, upTo: upper) }
        let prefixed = KeyRange(prefix: prefix)
        let from = lower.lexicographicallyPrecedes(prefixed.lowerBound) ? prefixed.lowerBound : lower
        guard let upper else { return KeyRange(from: from, upTo: prefixed.upperBound) }
        guard let last = prefixed.upperBound else { return KeyRange(from: from, upTo: upper) }
        return KeyRange(from: from, upTo: last.lexicographicallyPrecedes(upper) ? last : upper)
    }

    /// A range that is written: its bounds have a limit.
    ///
    /// - Throws: Also `tooLarge`, before any byte is looked at.
    static func writtenRange(_ range: UnsafePointer<lsmtx_range>?) throws(StoreError) -> KeyRange {
        if let bounds = range?.pointee {
            for length in [bounds.lower_length, bounds.upper_length, bounds.prefix_length]
            where UInt(bitPattern: length) > UInt(Limits.maximumKeyBytes) + 1 {
                throw impossible(length)
            }
        }
        return try self.range(range)
    }

    static func point(_ point: UnsafePointer<lsmtx_point>?) throws(StoreError) -> PointInTime {
        guard let point = point?.pointee else { return .latest }
        switch Int(point.kind) {
        case LSMTX_POINT_LATEST: return .latest
        case LSMTX_POINT_TIMESTAMP: return .timestamp(Timestamp(rawValue: point.timestamp))
        case LSMTX_POINT_UNIX_TIME: return .unixTime(milliseconds: point.unix_time)
        case LSMTX_POINT_NAMED: return .named(try text(point.name))
        default: throw Misuse.constant(Int(point.kind), of: "kind of point in time")
        }
    }

    static func durability(_ durability: Int32) throws(StoreError) -> Durability? {
        switch Int(durability) {
        case LSMTX_DURABILITY_DEFAULT: return nil
        case LSMTX_DURABILITY_SYNC: return .sync
        case LSMTX_DURABILITY_BUFFERED: return .buffered
        default: throw Misuse.constant(Int(durability), of: "durability")
        }
    }

    static func isolation(_ isolation: Int32) throws(StoreError) -> Isolation {
        switch Int(isolation) {
        case LSMTX_SERIALIZABLE: return .serializable
        case LSMTX_SNAPSHOT_ISOLATION: return .snapshot
        case LSMTX_READ_COMMITTED: return .readCommitted
        default: throw Misuse.constant(Int(isolation), of: "isolation")
        }
    }

    static func flags(_ flags: UInt32, allowed: Int) throws(StoreError) {
        guard flags & ~UInt32(allowed) == 0 else { throw Misuse.constant(Int(flags), of: "combination of flags here") }
    }

    static func retention(_ retention: UnsafePointer<lsmtx_retention>?) throws(StoreError) -> Retention {
        let limits = try structure(retention).pointee
        func limit(_ value: UInt64) -> UInt64? { value == .max ? nil : value }
        let keep = limit(limits.keep)
        return Retention(
            keep: keep.map { .milliseconds($0) }, commits: limit(limits.commits), logBytes: limit(limits.log_bytes))
    }
}

/// The caller's bytes as the store takes them.
struct CallerBytes: ByteSource {
    private let bytes: UnsafeRawBufferPointer

    @inline(__always)
    init(_ data: UnsafeRawPointer?, _ length: Int) throws(StoreError) { bytes = try Arguments.bytes(data, length) }

    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    @inline(__always)
    func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R { try body(bytes.bytes) }
}
