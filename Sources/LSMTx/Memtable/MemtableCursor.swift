/// Walks a memtable's keys in order, either way, and shows each key's newest version that is not newer than the
/// cursor's timestamp. Tombstones are shown, because they hide what older sources hold; keys without such a version
/// are not.
///
/// It keeps its memtable, and what it lends is lent for as long as it or anyone else keeps that. It sees the keys
/// that were there when it was made.
package struct MemtableCursor: ~Copyable {
    private let memtable: Memtable
    private var merge: MemtableRunMerge
    private let arena: UnsafeMutableRawPointer
    private let timestamp: Timestamp
    private var version: UInt32 = 0

    init(
        memtable: Memtable, merge: consuming MemtableRunMerge, arena: UnsafeMutableRawPointer, timestamp: Timestamp
    ) {
        self.memtable = memtable
        self.merge = merge
        self.arena = arena
        self.timestamp = timestamp
    }

    /// Whether the cursor is at an entry; `false` before the first seek and past both ends.
    @inline(__always)
    package var isValid: Bool { version != 0 }

    /// Only while valid.
    @inline(__always)
    package var key: BorrowedBytes { merge.node.key }

    /// Only while valid.
    @inline(__always)
    package var entry: MemtableEntry { MemtableVersion(arena, version).entry }

    package mutating func seekToFirst() {
        merge.seekToFirst()
        settleForward()
    }

    package mutating func seekToLast() {
        merge.seekToLast()
        settleBackward()
    }

    /// To the first entry whose key is not before `key`.
    package mutating func seek(to key: BorrowedBytes) {
        merge.seek(to: key)
        settleForward()
    }

    /// To the last entry whose key is before `key`.
    package mutating func seekBackward(before key: BorrowedBytes) {
        merge.seekBackward(before: key)
        settleBackward()
    }

    /// To the next entry. Only while valid.
    @inline(__always)
    package mutating func next() {
        precondition(isValid, "The cursor is at no entry.")
        merge.next()
        settleForward()
    }

    /// To the entry before. Only while valid.
    @inline(__always)
    package mutating func previous() {
        precondition(isValid, "The cursor is at no entry.")
        merge.previous()
        settleBackward()
    }

    @inline(__always)
    private mutating func settleForward() {
        while merge.isValid {
            version = MemtableVersion.visible(arena, from: merge.node.newestVersion, at: timestamp)
            if version != 0 { return }
            merge.next()
        }
        version = 0
    }

    @inline(__always)
    private mutating func settleBackward() {
        while merge.isValid {
            version = MemtableVersion.visible(arena, from: merge.node.newestVersion, at: timestamp)
            if version != 0 { return }
            merge.previous()
        }
        version = 0
    }
}
