/// Walks all versions of a frozen memtable once: keys ascending, the versions of each from the newest to the oldest.
/// A version that a later one of the same commit replaced is not among them.
package struct MemtableVersionCursor: ~Copyable {
    private let memtable: Memtable
    private var merge: MemtableRunMerge
    private let arena: UnsafeMutableRawPointer
    private var version: UInt32

    init(memtable: Memtable, merge: consuming MemtableRunMerge, arena: UnsafeMutableRawPointer) {
        self.memtable = memtable
        self.merge = merge
        self.arena = arena
        self.merge.seekToFirst()
        version = self.merge.isValid ? self.merge.node.newestVersion : 0
    }

    @inline(__always)
    package var isValid: Bool { version != 0 }

    /// Only while valid.
    @inline(__always)
    package var key: BorrowedBytes { merge.node.key }

    /// Only while valid.
    @inline(__always)
    package var entry: MemtableEntry { MemtableVersion(arena, version).entry }

    /// To the next older version of the key, or to the newest of the next key. Only while valid.
    @inline(__always)
    package mutating func next() {
        precondition(isValid, "The cursor is at no entry.")
        let timestamp = MemtableVersion(arena, version).timestamp
        repeat {
            version = MemtableVersion(arena, version).previous
        } while version != 0 && MemtableVersion(arena, version).timestamp == timestamp
        guard version == 0 else { return }
        merge.next()
        if merge.isValid { version = merge.node.newestVersion }
    }
}
