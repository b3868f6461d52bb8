/// Reads a table's data blocks in order from the device, past the cache, many with one call.
struct TableBlockReader: ~Copyable {
    private let table: Table
    private let window: UnsafeMutableRawBufferPointer
    private var windowRange = FileRange(offset: 0, length: 0)
    /// Where the present block is; kept while it is large enough, since a block in the window is not aligned.
    private var memory: BlockCache.Block?
    private var memoryBytes = 0

    private static let windowBytes = 256 << 10

    init(_ table: Table) {
        self.table = table
        window = .allocate(byteCount: Self.windowBytes, alignment: 64)
    }

    deinit {
        memory?.unpin()
        window.deallocate()
    }

    /// Reads, verifies and checks block `number`, which is lent until the next call.
    mutating func read(_ number: Int, index: UnsafePointer<IndexBlock>) throws(StoreError) -> DataBlock {
        let pointer = index.pointee.pointer(number)
        do throws(StoreError) {
            let target = reserve(Int(pointer.length))
            let content = UnsafeMutableRawBufferPointer(start: target.content, count: Int(pointer.length))
            if content.count > window.count {
                _ = try table.file.readBlock(pointer, kind: .data, into: content)
            } else {
                try fillWindow(from: number, index: index)
                let start = Int(pointer.offset - windowRange.offset)
                content.copyMemory(from: UnsafeRawBufferPointer(rebasing: window[start..<start + content.count]))
                _ = try table.file.seal.verify(UnsafeRawBufferPointer(content), pointer: pointer, kind: .data)
            }
            try table.validate(number, Table.payload(of: target, pointer), index: index)
            return DataBlock(verified: target.payload)
        } catch {
            throw Table.error(error, covering: table.keyRange(ofBlock: number, index: index))
        }
    }

    private mutating func reserve(_ bytes: Int) -> BlockCache.Block {
        if let memory, memoryBytes >= bytes { return memory }
        memory?.unpin()
        let grown = BlockCache.Block(allocating: bytes)
        memory = grown
        memoryBytes = bytes
        return grown
    }

    /// Makes sure that the window holds block `number`, and with it as many that follow it as there is room for.
    private mutating func fillWindow(from number: Int, index: UnsafePointer<IndexBlock>) throws(StoreError) {
        let first = index.pointee.pointer(number)
        guard !windowRange.contains(first.range) else { return }
        var end = first.range.end
        var next = number + 1
        while next < index.pointee.blockCount {
            let range = index.pointee.pointer(next).range
            guard range.offset == end, range.end - first.offset <= UInt64(window.count) else { break }
            end = range.end
            next += 1
        }
        windowRange = FileRange(offset: 0, length: 0)
        let wanted = UnsafeMutableRawBufferPointer(rebasing: window[..<Int(end - first.offset)])
        let count = try table.file.device.read(into: wanted, at: first.offset)
        guard count >= Int(first.length) else {
            throw .corrupt("The file ends inside a block.", structure: BlockKind.data.name, offset: first.offset)
        }
        windowRange = FileRange(offset: first.offset, length: UInt64(count))
    }
}
