internal import CLSMTxShims
internal import Synchronization

/// Lets readers use shared memory without counting references, and writers free it once no reader can hold it.
///
/// The algorithm (Fraser's epoch-based reclamation, with a counter that moves at every retirement):
/// 1. A reader stores the global counter in its thread's own slot, then loads shared pointers, and clears the slot
///    when it is done. It writes to no memory that another reader writes to.
/// 2. Whoever unlinks an object retires it with the counter's value at that moment, which also raises the counter.
/// 3. An object is freed when a scan that began after its retirement has found every slot clear, or with a larger value
///    than it was retired with.
///
/// Why it is safe: the reader's store and the retirer's scan of the slots are sequentially consistent. If the scan
/// misses the store, then the store, and so the reader's load of the shared pointer, came after the unlinking, and
/// the reader cannot find the object.
///
/// A pin lasts one call; whatever must live longer takes a reference or a count of its own while pinned.
package enum Epoch {
    /// One thread's slot, alone on its cache lines.
    ///
    /// All fields are atomics, also those that only the owner touches: changing a plain field through the pointer
    /// counts as changing the whole slot, which races with the scan.
    package struct Slot: ~Copyable {
        /// 0 when the thread reads nothing, else the counter when it began.
        fileprivate let pinned: Atomic<UInt64>
        /// 1 while a living thread owns the slot.
        fileprivate let owned: Atomic<UInt32>
        /// How many pins of this thread are nested; only the owner touches it.
        fileprivate let depth: Atomic<Int>
        /// The address of the slot that was made before this one; fixed once this one can be found.
        fileprivate let next: Atomic<UInt>

        fileprivate var following: UnsafeMutablePointer<Slot>? {
            UnsafeMutablePointer(bitPattern: next.load(ordering: .relaxed))
        }
    }

    private static let slotStride = 256
    private static let counter = Counter()
    private static let garbage = Guarded(Garbage())

    private final class Counter: Sendable {
        let value = Atomic<UInt64>(1)
        /// Slots are pushed here, reused after their thread ends, and never freed.
        let slots = Atomic<UInt>(0)
    }

    fileprivate struct Retired {
        let stamp: UInt64
        let object: UnsafeMutableRawPointer
        let isLarge: Bool
        let free: @Sendable (UnsafeMutableRawPointer) -> Void
    }

    private struct Garbage: @unchecked Sendable {
        // @unchecked: the pointers are unlinked, so nobody else reaches them but readers that the scan waits for.
        var retired: [Retired] = []
        /// The oldest stamp of each batch that a thread has taken out of ``retired`` and not freed to its end.
        var beingFreed: [UInt64] = []

        func isDone(before stamp: UInt64) -> Bool {
            retired.allSatisfy { $0.stamp >= stamp } && beingFreed.allSatisfy { $0 >= stamp }
        }
    }

    /// A number that differs between most threads, for spreading them over something shared.
    @inline(__always)
    package static var threadHint: UInt {
        UInt(bitPattern: lsmtx_thread_slot_get()) / UInt(slotStride)
    }

    /// Begins reading. Pins nest.
    @inline(__always)
    package static func pin() -> UnsafeMutablePointer<Slot> {
        let slot: UnsafeMutablePointer<Slot>
        if let known = lsmtx_thread_slot_get() {
            slot = known.assumingMemoryBound(to: Slot.self)
        } else {
            slot = adoptSlot()
        }
        let depth = slot.pointee.depth.load(ordering: .relaxed)
        if depth == 0 {
            slot.pointee.pinned.store(counter.value.load(ordering: .acquiring), ordering: .sequentiallyConsistent)
            #if !arch(x86_64)
            // There, a later load may pass the store unless it is sequentially consistent too. The store itself is a
            // full fence on x86.
            atomicMemoryFence(ordering: .sequentiallyConsistent)
            #endif
        }
        slot.pointee.depth.store(depth + 1, ordering: .relaxed)
        return slot
    }

    /// Ends reading: pointers loaded since the matching ``pin()`` may be freed from now on.
    @inline(__always)
    package static func unpin(_ slot: UnsafeMutablePointer<Slot>) {
        let depth = slot.pointee.depth.load(ordering: .relaxed) - 1
        slot.pointee.depth.store(depth, ordering: .relaxed)
        if depth == 0 {
            slot.pointee.pinned.store(0, ordering: .releasing)
        }
    }

    /// Frees `object` once no reader that began before this call is still reading. The caller has unlinked it.
    ///
    /// `free` may run on any thread that retires something or calls ``collect()``, with no lock held.
    ///
    /// - Parameter isLarge: Freeing it takes so long that only ``collect()`` should do it: readers retire things too.
    package static func retire(
        _ object: UnsafeMutableRawPointer, isLarge: Bool = false,
        free: @escaping @Sendable (UnsafeMutableRawPointer) -> Void
    ) {
        let stamp = counter.value.add(1, ordering: .sequentiallyConsistent).oldValue
        garbage.withLock { garbage in
            garbage.retired.append(Retired(stamp: stamp, object: object, isLarge: isLarge, free: free))
        }
        collect(large: false)
    }

    /// Frees what no reader can reach any more.
    package static func collect() { collect(large: true) }

    private static func collect(large: Bool) {
        let oldest = oldestPin()
        func isReady(_ retired: Retired) -> Bool { retired.stamp < oldest && (large || !retired.isLarge) }
        let ready = garbage.withLock { garbage -> [Retired] in
            let ready = garbage.retired.filter(isReady)
            if let oldestStamp = ready.oldestStamp {
                garbage.retired.removeAll(where: isReady)
                garbage.beingFreed.append(oldestStamp)
            }
            return ready
        }
        guard let oldestStamp = ready.oldestStamp else { return }
        for retired in ready { retired.free(retired.object) }
        garbage.withLock { garbage in
            guard let index = garbage.beingFreed.firstIndex(of: oldestStamp) else { return }
            garbage.beingFreed.remove(at: index)
        }
    }

    /// Returns when every reader that was reading at the time of the call has stopped, and everything that had been
    /// retired is freed, by whatever thread. The caller is not reading, and not in a call of something's `free`.
    ///
    /// One ``collect()`` does not do for the second: another thread, of another store perhaps, may have taken the
    /// objects and be halfway through freeing them, or begin to read with a counter that it loaded long ago.
    package static func drain() {
        let stamp = counter.value.add(1, ordering: .sequentiallyConsistent).oldValue
        while oldestPin() <= stamp { SystemClock.sleep(microseconds: 20) }
        while true {
            collect()
            if garbage.withLock({ $0.isDone(before: stamp) }) { return }
            SystemClock.sleep(microseconds: 20)
        }
    }

    /// Before a `fork`: waits until no other thread holds what the child could not get otherwise, the lock of the list
    /// and what guards the initialising of a static constant.
    static func lockForFork() {
        _ = counter.value.load(ordering: .relaxed)
        garbage.lockForFork()
    }

    /// After a `fork`, in the parent.
    static func unlockAfterFork() { garbage.unlockAfterFork() }

    /// After a `fork`, in the child: forgets what the parent's other threads were reading and freeing. They do not exist
    /// here, and would keep everything from being freed, and ``drain()`` from returning, for ever.
    static func forgetOtherThreads() {
        garbage.unlockAfterFork()
        garbage.withLock { $0.beingFreed.removeAll() }
        let own = lsmtx_thread_slot_get()?.assumingMemoryBound(to: Slot.self)
        var next = UnsafeMutablePointer<Slot>(bitPattern: counter.slots.load(ordering: .acquiring))
        while let slot = next {
            if slot != own {
                slot.pointee.pinned.store(0, ordering: .releasing)
                slot.pointee.owned.store(0, ordering: .releasing)
            }
            next = slot.pointee.following
        }
    }

    /// The oldest counter that a reader has pinned, or the counter's present value if that is older: of what is retired
    /// after this call has begun, the scan knows nothing, as its readers may have begun behind the scan's back.
    private static func oldestPin() -> UInt64 {
        var oldest = counter.value.load(ordering: .sequentiallyConsistent)
        var next = UnsafeMutablePointer<Slot>(bitPattern: counter.slots.load(ordering: .sequentiallyConsistent))
        while let slot = next {
            let pinned = slot.pointee.pinned.load(ordering: .sequentiallyConsistent)
            if pinned != 0 { oldest = min(oldest, pinned) }
            next = slot.pointee.following
        }
        return oldest
    }

    @inline(never)
    private static func adoptSlot() -> UnsafeMutablePointer<Slot> {
        var next = UnsafeMutablePointer<Slot>(bitPattern: counter.slots.load(ordering: .acquiring))
        while let slot = next {
            if slot.pointee.owned.compareExchange(expected: 0, desired: 1, ordering: .acquiringAndReleasing).exchanged {
                setThreadSlot(slot)
                return slot
            }
            next = slot.pointee.following
        }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: slotStride, alignment: slotStride)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: slotStride)
        let slot = memory.assumingMemoryBound(to: Slot.self)
        slot.initialize(to: Slot(pinned: Atomic(0), owned: Atomic(1), depth: Atomic(0), next: Atomic(0)))
        var head = counter.slots.load(ordering: .relaxed)
        while true {
            slot.pointee.next.store(head, ordering: .relaxed)
            let result = counter.slots.compareExchange(
                expected: head, desired: UInt(bitPattern: slot), ordering: .sequentiallyConsistent)
            if result.exchanged { break }
            head = result.original
        }
        setThreadSlot(slot)
        return slot
    }

    private static func setThreadSlot(_ slot: UnsafeMutablePointer<Slot>) {
        slot.pointee.depth.store(0, ordering: .relaxed)
        lsmtx_thread_slot_set(slot) { ended in
            guard let slot = ended?.assumingMemoryBound(to: Slot.self) else { return }
            slot.pointee.pinned.store(0, ordering: .releasing)
            slot.pointee.owned.store(0, ordering: .releasing)
        }
    }
}

extension [Epoch.Retired] {
    fileprivate var oldestStamp: UInt64? { lazy.map { $0.stamp }.min() }
}
