/// The keys of one lookup of many, copied into one piece of memory, so that all can be looked at at once.
@usableFromInline
struct PackedKeys {
    private var bytes: [UInt8] = []
    /// Where each key ends.
    private var ends: [Int] = []

    @inlinable
    init<Key: ByteSource>(_ keys: some Collection<Key>) {
        self.init(capacity: keys.count)
        for key in keys { key.withBytes { append($0) } }
    }

    @usableFromInline
    init(capacity: Int) { ends.reserveCapacity(capacity) }

    @usableFromInline
    mutating func append(_ key: RawSpan) {
        key.withUnsafeBytes { bytes.append(contentsOf: $0) }
        ends.append(bytes.count)
    }

    var count: Int { ends.count }

    /// Calls `body` with a key, which is valid until it returns.
    @inline(__always)
    func withKey<R>(_ index: Int, _ body: (BorrowedBytes) throws(StoreError) -> R) throws(StoreError) -> R {
        let start = index == 0 ? 0 : ends[index - 1]
        let end = ends[index]
        return try bytes.span.withUnsafeBytes { bytes throws(StoreError) in
            try body(BorrowedBytes(UnsafeRawBufferPointer(rebasing: bytes[start..<end])))
        }
    }
}

extension DatabaseCore {
    /// So many lookups have their cache misses at the same time.
    private static let keysAtOnce = 16

    /// Calls `find` for each of the keys, in order.
    ///
    /// Before each few of them, what their lookups touch first, in memtables and filters, is asked for from memory, so
    /// that they do not wait for it one after the other.
    func lookUp<R>(
        _ keys: PackedKeys, _ find: (BorrowedBytes, _ hash: UInt64) throws(StoreError) -> R
    ) throws(StoreError) -> [R] {
        var found: [R] = []
        found.reserveCapacity(keys.count)
        var hashes = [UInt64](repeating: 0, count: Self.keysAtOnce)
        for start in stride(from: 0, to: keys.count, by: Self.keysAtOnce) {
            let end = min(start + Self.keysAtOnce, keys.count)
            try engine.withView { view throws(StoreError) in
                try checkOpen()
                for index in start..<end {
                    hashes[index - start] = try keys.withKey(index) { key throws(StoreError) in
                        let hash = xxh3(key)
                        view.prefetch(key, hash: hash)
                        return hash
                    }
                }
            }
            for index in start..<end {
                let hash = hashes[index - start]
                found.append(try keys.withKey(index) { key throws(StoreError) in try find(key, hash) })
            }
        }
        return found
    }
}

// MARK: -

extension Snapshot {
    /// The values of several keys: see ``Readable/get(keys:)``.
    @inlinable
    public func get<Key: ByteSource>(keys: some Collection<Key>) throws(StoreError) -> [[UInt8]?] {
        try values(of: PackedKeys(keys))
    }

    @usableFromInline
    func values(of keys: PackedKeys) throws(StoreError) -> [[UInt8]?] {
        let values = try core.lookUp(keys) { key, hash throws(StoreError) in
            try checkOpen()
            return try core.find(key, hash: hash, at: timestamp, { $0.array }, large: { $0 })
        }
        try checkWasOpen()
        return values
    }
}

extension Transaction {
    /// The values of several keys: see ``Readable/get(keys:)``. The transaction's own writes are seen, and at
    /// ``Isolation/serializable`` the commit depends on each of the keys.
    @inlinable
    public func get<Key: ByteSource>(keys: some Collection<Key>) throws(StoreError) -> [[UInt8]?] {
        try values(of: PackedKeys(keys))
    }

    @usableFromInline
    func values(of keys: PackedKeys, isGuarded: Bool = true) throws(StoreError) -> [[UInt8]?] {
        try checkActive()
        return try withinStatement { () throws(StoreError) in
            try core.lookUp(keys) { key, hash throws(StoreError) in
                try checkActive()
                return try find(key, hash: hash, isGuarded: isGuarded, { $0.array }, large: { $0 })
            }
        }
    }
}

extension UnguardedReads {
    /// The values of several keys: see ``Readable/get(keys:)``.
    @inlinable
    public func get<Key: ByteSource>(keys: some Collection<Key>) throws(StoreError) -> [[UInt8]?] {
        try values(of: PackedKeys(keys))
    }

    @usableFromInline
    func values(of keys: PackedKeys) throws(StoreError) -> [[UInt8]?] {
        try transaction.values(of: keys, isGuarded: false)
    }
}
