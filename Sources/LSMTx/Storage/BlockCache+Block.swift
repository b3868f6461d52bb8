internal import Synchronization

extension BlockCache {
    /// A block in memory: a handle to its header and its bytes.
    ///
    /// The header takes 40 bytes, so that the payload of a sealed block, after that block's own 24, begins on a cache
    /// line of its own. After the content there are some bytes that may be read but mean nothing, so that short
    /// copies need not be exact.
    ///
    /// The count of pins starts at one, which the cache gives up when the block was evicted and its epoch has ended.
    /// A reader inside an epoch may therefore raise it without looking; who lowers it to zero frees the block.
    struct Block: @unchecked Sendable {
        // @unchecked: the count of pins is atomic, the links are the cache's and under its lock, and the
        // content is not changed any more once the block has entered.
        let base: UnsafeMutableRawPointer

        private static let pinsOffset = 0
        private static let linesOffset = 8
        private static let tagOffset = 12
        private static let slotOffset = 16
        private static let previousOffset = 24
        private static let nextOffset = 32
        private static let headerBytes = 40
        private static let lineBytes = 64
        static let slackBytes = 32
        /// What the system's allocator adds to an aligned allocation.
        private static let allocatorBytes = 64

        @inline(__always)
        init(base: UnsafeMutableRawPointer) { self.base = base }

        /// Memory for `contentBytes`, pinned once.
        init(allocating contentBytes: Int) {
            let lines = (Self.headerBytes + contentBytes + Self.slackBytes + Self.lineBytes - 1) / Self.lineBytes
            base = .allocate(byteCount: lines * Self.lineBytes, alignment: Self.lineBytes)
            base.initializeMemory(as: UInt8.self, repeating: 0, count: Self.headerBytes)
            pins.initialize(to: Atomic(1))
            base.storeBytes(of: UInt32(lines), toByteOffset: Self.linesOffset, as: UInt32.self)
            let end = Self.headerBytes + contentBytes
            (base + end).initializeMemory(as: UInt8.self, repeating: 0, count: lines * Self.lineBytes - end)
        }

        /// Where the content begins; a sealed block's payload is ``SealedBlock/headerBytes`` further on.
        @inline(__always)
        var content: UnsafeMutableRawPointer { base + Self.headerBytes }

        @inline(__always)
        var payload: UnsafeMutableRawPointer { base + Self.headerBytes + SealedBlock.headerBytes }

        @inline(__always)
        private var pins: UnsafeMutablePointer<Atomic<UInt32>> {
            (base + Self.pinsOffset).assumingMemoryBound(to: Atomic<UInt32>.self)
        }

        /// Keeps the block after the epoch.
        @inline(__always)
        func pin() { pins.pointee.add(1, ordering: .relaxed) }

        func unpin() {
            guard pins.pointee.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
            base.deallocate()
        }

        /// What the block takes of the budget.
        var cost: Int {
            Int(base.load(fromByteOffset: Self.linesOffset, as: UInt32.self)) * Self.lineBytes + Self.allocatorBytes
        }

        var queueTag: UInt32 {
            get { base.load(fromByteOffset: Self.tagOffset, as: UInt32.self) }
            nonmutating set { base.storeBytes(of: newValue, toByteOffset: Self.tagOffset, as: UInt32.self) }
        }

        var slot: Slot {
            get { Slot(bitPattern: base.load(fromByteOffset: Self.slotOffset, as: UInt.self))! }
            nonmutating set {
                base.storeBytes(of: UInt(bitPattern: newValue), toByteOffset: Self.slotOffset, as: UInt.self)
            }
        }

        var previous: Block? {
            get { link(at: Self.previousOffset) }
            nonmutating set { setLink(newValue, at: Self.previousOffset) }
        }

        var next: Block? {
            get { link(at: Self.nextOffset) }
            nonmutating set { setLink(newValue, at: Self.nextOffset) }
        }

        private func link(at offset: Int) -> Block? {
            UnsafeMutableRawPointer(bitPattern: base.load(fromByteOffset: offset, as: UInt.self)).map(Block.init(base:))
        }

        private func setLink(_ block: Block?, at offset: Int) {
            base.storeBytes(of: UInt(bitPattern: block?.base), toByteOffset: offset, as: UInt.self)
        }
    }
}
