extension BlockCache {
    /// Blocks in the order in which they came, linked through their headers. The cache's lock guards it.
    struct Queue {
        /// Names the queue in the headers of its blocks.
        let tag: UInt32
        private var newest: Block?
        private var oldest: Block?
        private(set) var bytes = 0
        private(set) var count = 0

        init(tag: UInt32) { self.tag = tag }

        mutating func push(_ block: Block) {
            block.queueTag = tag
            block.previous = nil
            block.next = newest
            if let newest { newest.previous = block } else { oldest = block }
            newest = block
            bytes += block.cost
            count += 1
        }

        /// Takes the oldest.
        mutating func pop() -> Block? {
            guard let block = oldest else { return nil }
            remove(block)
            return block
        }

        mutating func remove(_ block: Block) {
            if let previous = block.previous { previous.next = block.next } else { newest = block.next }
            if let next = block.next { next.previous = block.previous } else { oldest = block.previous }
            block.previous = nil
            block.next = nil
            bytes -= block.cost
            count -= 1
        }
    }
}
