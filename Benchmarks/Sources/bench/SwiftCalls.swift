import Foundation
import LSMTx

/// The same work as that of CCalls, in Swift.
struct SwiftCalls {
    static let cacheBytes: UInt64 = 256 << 20
    static let memtableBytes: UInt64 = 64 << 20

    private let database: Database
    private let snapshot: Snapshot
    private let keys: UnsafeBufferPointer<Key>
    private let operations: Int

    init(_ path: String, keys: UnsafeBufferPointer<Key>, operations: Int) throws {
        database = try Database(path: path, configuration: Self.configuration)
        snapshot = try database.snapshot()
        self.keys = keys
        self.operations = operations
    }

    func close() throws {
        snapshot.close()
        try database.close()
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.durability = .buffered
        configuration.cacheBytes = Int(cacheBytes)
        configuration.memtableBytes = Int(memtableBytes)
        return configuration
    }

    /// A store with all keys in tables, whose values begin with the digits of their keys.
    static func fill(_ path: String, keys: UnsafeBufferPointer<Key>) throws {
        let database = try Database(path: path, configuration: configuration)
        try withValue { value in
            try database.write { transaction in
                for key in keys { try transaction.put(key, value.of(key)) }
            }
        }
        try database.flush()
        try database.close()
    }

    /// A value of 100 bytes in memory that is used again, as the loops in C have it.
    private struct StampedValue: ByteSource {
        let base: UnsafeMutableRawPointer

        @inline(__always)
        func of(_ key: Key) -> StampedValue {
            base.storeBytes(of: key.digits, as: UInt64.self)
            return self
        }

        @inline(__always)
        func withBytes<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
            try body(UnsafeRawBufferPointer(start: base, count: 100).bytes)
        }
    }

    private static func withValue<R>(_ body: (StampedValue) throws -> R) rethrows -> R {
        try withUnsafeTemporaryAllocation(byteCount: 100, alignment: 8) { memory in
            memory.initializeMemory(as: UInt8.self, repeating: 0)
            return try body(StampedValue(base: memory.baseAddress!))
        }
    }

    @inline(__always)
    private static func isValue(_ value: UnsafeRawPointer, _ length: Int, _ digits: UInt64) -> Bool {
        length == 100 && value.loadUnaligned(as: UInt64.self) == digits
    }

    @inline(__always)
    private func each(_ body: (Key) throws -> Bool) throws -> UInt64 {
        let start = Clock.threadNanoseconds
        var place = 0
        for _ in 0..<operations {
            guard try body(keys[place]) else { throw Failure("A call in Swift has a wrong answer.") }
            place += 1
            if place == keys.count { place = 0 }
        }
        return Clock.threadNanoseconds - start
    }

    private func withBuffer<R>(_ body: (UnsafeMutableRawPointer) throws -> R) rethrows -> R {
        try withUnsafeTemporaryAllocation(byteCount: 100, alignment: 8) { try body($0.baseAddress!) }
    }

    func get() throws -> UInt64 {
        try withBuffer { buffer in
            try each { key in
                let length = try snapshot.withValue(key) { Self.copy($0, to: buffer) }
                return Self.isValue(buffer, length ?? 0, key.digits)
            }
        }
    }

    func getNewest() throws -> UInt64 {
        try withBuffer { buffer in
            try each { key in
                let length = try database.read { try $0.withValue(key) { Self.copy($0, to: buffer) } }
                return Self.isValue(buffer, length ?? 0, key.digits)
            }
        }
    }

    @inline(__always)
    private static func copy(_ value: RawSpan, to buffer: UnsafeMutableRawPointer) -> Int {
        value.withUnsafeBytes { bytes in
            if bytes.count <= 100, let base = bytes.baseAddress {
                buffer.copyMemory(from: base, byteCount: bytes.count)
            }
            return bytes.count
        }
    }

    /// In transactions of 1,000, which are rolled back: what a put alone costs. In one of all, most of it is memory that
    /// grows.
    func put() throws -> UInt64 {
        let start = Clock.threadNanoseconds
        var transaction = try database.begin()
        var left = 1000
        _ = try Self.withValue { value in
            try each { key in
                if left == 0 {
                    transaction.rollback()
                    transaction = try database.begin()
                    left = 1000
                }
                left -= 1
                try transaction.put(key, value.of(key))
                return true
            }
        }
        transaction.rollback()
        return Clock.threadNanoseconds - start
    }

    func commit() throws -> UInt64 {
        try Self.withValue { value in
            try each { key in
                try database.write(.readCommitted) { try $0.put(key, value.of(key)) }
                return true
            }
        }
    }

    func walk() throws -> UInt64 {
        let start = Clock.threadNanoseconds
        var done = 0
        while done < operations {
            let cursor = try snapshot.cursor()
            var seen = 0
            var isValid = true
            while try cursor.next() {
                _ = try cursor.withEntry { key, value in isValid = isValid && Self.isEntry(key, value) }
                seen += 1
            }
            guard isValid, seen == keys.count else { throw Failure("A walk in Swift shows something wrong.") }
            done += seen
        }
        return Clock.threadNanoseconds - start
    }

    func forEach() throws -> UInt64 {
        let start = Clock.threadNanoseconds
        var done = 0
        while done < operations {
            var seen = 0
            var isValid = true
            try snapshot.forEach(.all) { key, value in
                isValid = isValid && Self.isEntry(key, value)
                seen += 1
                return true
            }
            guard isValid, seen == keys.count else { throw Failure("A walk in Swift shows something wrong.") }
            done += seen
        }
        return Clock.threadNanoseconds - start
    }

    @inline(__always)
    private static func isEntry(_ key: RawSpan, _ value: RawSpan) -> Bool {
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                guard let base = value.baseAddress else { return false }
                return isValue(base, value.count, key.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            }
        }
    }
}
