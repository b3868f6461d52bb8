import LSMTxSimulation
import Testing

@testable import LSMTx

/// Large values are written by committing threads, while the background gives free space back.
@Suite struct LargeValueSpaceTests {
    private static let page = ExtentAllocator.pageBytes

    /// Gives space back slowly, so that others come between the decision and the deed.
    private final class SlowDevice: StorageDevice {
        private let base = MemoryDevice()

        func length() throws(StoreError) -> UInt64 { try base.length() }
        func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StoreError) -> Int {
            try base.read(into: target, at: offset)
        }
        func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
            try base.write(bytes, at: offset)
        }
        func writeDurably(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(StoreError) {
            try base.writeDurably(bytes, at: offset)
        }
        func sync() throws(StoreError) { try base.sync() }
        func reserve(_ range: FileRange) throws(StoreError) { try base.reserve(range) }
        func punch(_ range: FileRange) throws(StoreError) {
            SystemClock.sleep(microseconds: 200)
            try base.punch(range)
        }
        func truncate(to length: UInt64) throws(StoreError) {
            SystemClock.sleep(microseconds: 200)
            try base.truncate(to: length)
        }
        func dropCache(_ range: FileRange) {}
        func lock(exclusive: Bool) throws(StoreError) -> LockHolder? { nil }
        func close() {}
    }

    private static func file() throws -> StoreFile {
        StoreFile(
            device: SlowDevice(), identity: FileIdentity(high: 1, low: 2),
            allocator: try ExtentAllocator(used: [FileRange(offset: 0, length: page)]), extentBytes: 64 << 10)
    }

    private static func write(_ value: [UInt8], to file: StoreFile) throws -> LargeValueReference {
        let result = value.withUnsafeBytes { bytes in
            Result { () throws(StoreError) in
                try file.writeLargeValue(BorrowedBytes(bytes), born: Generation(rawValue: 1))
            }
        }
        return try result.get()
    }

    @Test func aValueInSpaceThatWasPunchedTakesItBack() throws {
        let file = try Self.file()
        let extent = try file.allocateExtent(bytes: 64 * Self.page)
        _ = try file.allocateExtent(bytes: Self.page)
        file.allocator.releaseUnpublished(extent)
        try file.punch(FileRangeSet([extent]), limit: .max)
        let value = try Self.write([UInt8](repeating: 7, count: 100_000), to: file).extent
        #expect(value.offset == extent.offset)
        #expect(file.punchedRanges.ranges == [FileRange(offset: value.end, length: extent.end - value.end)])
    }

    /// Space that is being cut off or punched is not taken for a value.
    @Test(.timeLimit(.minutes(2))) func noValueIsCutOffOrPunched() throws {
        #if DEBUG
        let rounds = 600
        #else
        let rounds = 6_000
        #endif
        let file = try Self.file()
        let isDone = Guarded(false)
        let failures = Guarded<[String]>([])
        let giver = try WorkerThread(name: "giver") {
            while !isDone.withLock({ $0 }) {
                do {
                    try file.cutTail()
                    try file.punch(FileRangeSet(file.allocator.freeRanges), limit: .max)
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
        }
        var random = SeededGenerator(seed: 1)
        var kept: [LargeValueReference] = []
        for _ in 0..<rounds {
            let count = Int.random(in: 1...40, using: &random) * 5_000
            let byte = UInt8.random(in: 1...255, using: &random)
            kept.append(try Self.write([UInt8](repeating: byte, count: count), to: file))
            if kept.count > 3 {
                let reference = kept.remove(at: Int.random(in: 0..<kept.count, using: &random))
                do { try file.verifyLargeValue(reference) } catch { failures.withLock { $0.append("\(error)") } }
                file.allocator.releasePending(reference.extent)
            }
        }
        isDone.withLock { $0 = true }
        giver.join()
        #expect(failures.withLock { Array($0.prefix(3)) } == [])
    }
}
