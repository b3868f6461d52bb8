internal import Synchronization

/// Memory in which a log write is laid out: a capacity in front, then the bytes. Owned by whoever holds it.
struct LogBuffer: @unchecked Sendable {
    // @unchecked: it has one holder at a time, and passes between threads through the pool's atomics or the caller's
    // own synchronisation.
    private static let headBytes = 16
    let memory: UnsafeMutableRawPointer

    init(capacity: Int) {
        memory = .allocate(byteCount: Self.headBytes + capacity, alignment: 16)
        memory.storeBytes(of: capacity, as: Int.self)
    }

    @inline(__always)
    init(memory: UnsafeMutableRawPointer) { self.memory = memory }

    @inline(__always)
    var capacity: Int { memory.load(as: Int.self) }

    @inline(__always)
    var bytes: UnsafeMutableRawPointer { memory + Self.headBytes }

    func deallocate() { memory.deallocate() }
}

/// A few buffers that go round between the threads that lay out log writes and those that perform them.
///
/// Each slot holds one buffer's address or zero, and changes hands by one atomic exchange: a lock would cost as much
/// as the rest of preparing a small commit.
struct LogBufferPool: ~Copyable, @unchecked Sendable {
    // @unchecked: `slots` is only reached through atomics until the pool ends, when nobody else can reach it.
    private static let slotCount = 8
    private static let smallestCapacity = 64 << 10
    /// Larger buffers are not kept.
    private static let largestKept = 1 << 20
    private let slots: UnsafeMutablePointer<Atomic<UInt>>

    init() {
        slots = .allocate(capacity: Self.slotCount)
        for index in 0..<Self.slotCount { (slots + index).initialize(to: Atomic(0)) }
    }

    deinit {
        for index in 0..<Self.slotCount {
            let address = slots[index].exchange(0, ordering: .acquiring)
            if let memory = UnsafeMutableRawPointer(bitPattern: address) { LogBuffer(memory: memory).deallocate() }
        }
        slots.deallocate()
    }

    /// A buffer of at least `capacity` bytes, with anything in it.
    @inline(__always)
    func take(capacity: Int) -> LogBuffer {
        var index = 0
        while index < Self.slotCount {
            // Looking first keeps empty slots from costing a locked instruction.
            if slots[index].load(ordering: .relaxed) != 0,
                let memory = UnsafeMutableRawPointer(bitPattern: slots[index].exchange(0, ordering: .acquiring))
            {
                let buffer = LogBuffer(memory: memory)
                if buffer.capacity >= capacity { return buffer }
                buffer.deallocate()
                break
            }
            index += 1
        }
        return Self.make(capacity: capacity)
    }

    @inline(never)
    private static func make(capacity: Int) -> LogBuffer {
        guard capacity <= largestKept else { return LogBuffer(capacity: capacity) }
        var size = smallestCapacity
        while size < capacity { size *= 2 }
        return LogBuffer(capacity: size)
    }

    @inline(__always)
    func giveBack(_ buffer: LogBuffer) {
        if buffer.capacity <= Self.largestKept {
            var index = 0
            while index < Self.slotCount {
                if slots[index].load(ordering: .relaxed) == 0 {
                    let address = UInt(bitPattern: buffer.memory)
                    if slots[index].compareExchange(expected: 0, desired: address, ordering: .releasing).exchanged {
                        return
                    }
                }
                index += 1
            }
        }
        buffer.deallocate()
    }
}
