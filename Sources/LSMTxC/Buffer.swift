// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are the header's, and so is what there is to say about them.

internal import CLSMTx
internal import LSMTx

/// Memory that grows as needed and is used again: what values are lent in.
final class Buffer: HandleObject {
    static let mark: UInt64 = 0x4c53_4d54_7842_7566

    private(set) var base: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 256) {
        self.capacity = capacity
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { base.deallocate() }

    func removeAll() { count = 0 }

    /// Replaces the contents.
    @inline(__always)
    func assign(_ bytes: UnsafeRawBufferPointer) {
        count = 0
        append(bytes)
    }

    @inline(__always)
    func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        if bytes.count > capacity - count { grow(by: bytes.count) }
        (base + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    /// Adds the bytes of a value that needs no more than its own memory.
    @inline(__always)
    func append<Value: BitwiseCopyable>(_ value: Value) {
        withUnsafeBytes(of: value) { append($0) }
    }

    @inline(never)
    private func grow(by needed: Int) {
        let wanted = max(count + needed, 2 * capacity)
        let grown = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
        grown.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = grown
        capacity = wanted
    }
}

@c @implementation
public func lsmtx_buffer_create() -> OpaquePointer? { Handle.make(Buffer()) }

@c @implementation
public func lsmtx_buffer_free(_ buffer: OpaquePointer?) { Handle.free(buffer, Buffer.self) }

// MARK: - Where values go

/// The caller's memory for one value.
struct ValueTarget {
    let memory: UnsafeMutableRawPointer?
    let size: Int
    let length: UnsafeMutablePointer<Int>

    @inline(__always)
    init(
        _ memory: UnsafeMutableRawPointer?, _ size: Int, _ length: UnsafeMutablePointer<Int>?
    ) throws(StoreError) {
        guard let length else { throw Misuse.noOut }
        length.pointee = 0
        guard memory != nil || size == 0 else { throw Misuse.noBytes }
        self.memory = memory
        self.size = size
        self.length = length
    }

    @inline(__always)
    func take(_ value: UnsafeRawBufferPointer) {
        length.pointee = value.count
        // A size above what a Swift integer holds comes as a negative number.
        if value.count <= UInt(bitPattern: size), let memory, let base = value.baseAddress {
            memory.copyMemory(from: base, byteCount: value.count)
        }
    }

    @inline(__always)
    func status(_ isThere: Bool) -> lsmtx_status {
        guard isThere else { return Status.absent }
        return length.pointee <= UInt(bitPattern: size) ? Status.ok : Status.tooSmall
    }
}

/// A caller's buffer for one value, and the pointers that it receives.
struct ValueLoan {
    private let buffer: Unmanaged<Buffer>
    private let value: UnsafeMutablePointer<UnsafeRawPointer?>
    private let length: UnsafeMutablePointer<Int>

    @inline(__always)
    init(
        _ buffer: OpaquePointer?, _ value: UnsafeMutablePointer<UnsafeRawPointer?>?,
        _ length: UnsafeMutablePointer<Int>?
    ) throws(StoreError) {
        guard let value, let length else { throw Misuse.noOut }
        length.pointee = 0
        self.buffer = try Handle.use(buffer, Buffer.self) { .passUnretained($0) }
        self.value = value
        self.length = length
    }

    @inline(__always)
    func take(_ bytes: UnsafeRawBufferPointer) { buffer._withUnsafeGuaranteedRef { $0.assign(bytes) } }

    @inline(__always)
    func status(_ isThere: Bool) -> lsmtx_status {
        guard isThere else {
            value.pointee = nil
            return Status.absent
        }
        buffer._withUnsafeGuaranteedRef { buffer in
            value.pointee = UnsafeRawPointer(buffer.base)
            length.pointee = buffer.count
        }
        return Status.ok
    }
}

/// A caller's buffer for the values of several keys, and the slices that it receives.
struct ValuesLoan {
    private let buffer: Buffer
    private let values: UnsafeMutablePointer<lsmtx_slice>?
    private let keys: UnsafePointer<lsmtx_slice>?
    let count: Int

    init(
        _ buffer: OpaquePointer?, keys: UnsafePointer<lsmtx_slice>?, count: Int,
        values: UnsafeMutablePointer<lsmtx_slice>?
    ) throws(StoreError) {
        guard count >= 0, count <= Int.max / MemoryLayout<lsmtx_slice>.stride else {
            throw Misuse.error("No array has as many elements.")
        }
        guard count == 0 || keys != nil else { throw Misuse.noBytes }
        guard count == 0 || values != nil else { throw Misuse.noOut }
        self.buffer = try Handle.use(buffer, Buffer.self) { $0 }
        self.keys = keys
        self.values = values
        self.count = count
        for index in 0..<count { _ = try key(index) }
    }

    private func key(_ index: Int) throws(StoreError) -> UnsafeRawBufferPointer {
        guard let keys else { throw Misuse.noBytes }
        return try Arguments.soughtKey(keys[index].data, keys[index].length)
    }

    /// A key that was looked at when the loan was made.
    func checkedKey(_ index: Int) -> UnsafeRawBufferPointer {
        (try? key(index)) ?? UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// Has the values put into the buffer one behind the other, and then lent: it may move as it grows.
    ///
    /// - Parameter look: Calls its parameter with each value, or `nil`, in order.
    func fill(
        _ look: ((UnsafeRawBufferPointer?) -> Void) throws(StoreError) -> Void
    ) throws(StoreError) -> lsmtx_status {
        var lengths: [Int] = []
        lengths.reserveCapacity(count)
        buffer.removeAll()
        try look { value in
            lengths.append(value?.count ?? -1)
            if let value { buffer.append(value) }
        }
        var offset = 0
        for (index, length) in lengths.enumerated() {
            let slice =
                length < 0
                ? lsmtx_slice(data: nil, length: 0)
                : lsmtx_slice(data: UnsafeRawPointer(buffer.base + offset), length: length)
            values.unsafelyUnwrapped[index] = slice
            offset += max(length, 0)
        }
        return Status.ok
    }
}
