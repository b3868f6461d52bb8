import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

@Suite struct PosixDeviceTests {
    private static func filled(_ count: Int, _ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: count) }

    private static func code(_ body: () throws -> Void) -> StoreError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? StoreError)?.code
        }
    }

    @Test func creationLeavesExactlyOneFileAndShowsNoneBefore() throws {
        try withTemporaryFolder { folder in
            let device = try PosixDevice.create(path: "\(folder)/app.lsmtx") { device throws(StoreError) in
                #expect(entries(of: folder) == [])
                try device.write([1, 2, 3], at: 0)
            }
            #expect(entries(of: folder) == ["app.lsmtx"])
            #expect(try #require(device).readBytes(10, at: 0) == [1, 2, 3])
        }
    }

    @Test func creationInPlaceIsTheSameToTheCaller() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/app.lsmtx"
            let made = try PosixDevice.createInPlace(path: path) { device throws(StoreError) in
                try device.write([7], at: 0)
            }
            #expect(made != nil)
            #expect(entries(of: folder) == ["app.lsmtx"])
            let second = try PosixDevice.createInPlace(path: path) { _ in Issue.record("initialized twice") }
            #expect(second == nil)
            #expect(try PosixDevice.open(path: path, writable: false).readBytes(10, at: 0) == [7])
        }
    }

    @Test(arguments: [false, true])
    func aFailedCreationLeavesNothing(inPlace: Bool) throws {
        try withTemporaryFolder { folder in
            let failure = StoreError(.diskFull, "full", remedy: "")
            #expect(throws: failure) {
                if inPlace {
                    _ = try PosixDevice.createInPlace(path: "\(folder)/a") { _ throws(StoreError) in throw failure }
                } else {
                    _ = try PosixDevice.create(path: "\(folder)/a") { _ throws(StoreError) in throw failure }
                }
            }
            #expect(entries(of: folder) == [])
        }
    }

    @Test func anExistingFileIsNotOverwritten() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/app.lsmtx"
            _ = try PosixDevice.create(path: path) { device throws(StoreError) in try device.write([1], at: 0) }
            let second = try PosixDevice.create(path: path) { device throws(StoreError) in
                try device.write([2], at: 0)
            }
            #expect(second == nil)
            #expect(try PosixDevice.open(path: path, writable: true).readBytes(4, at: 0) == [1])
            #expect(entries(of: folder) == ["app.lsmtx"])
        }
    }

    @Test func theNameCanBeTakenWhileTheFileIsBeingMade() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/app.lsmtx"
            let second = try PosixDevice.create(path: path) { device throws(StoreError) in
                _ = try PosixDevice.create(path: path) { first throws(StoreError) in
                    try first.write([1], at: 0)
                }
                try device.write([2], at: 0)
            }
            #expect(second == nil)
            #expect(try PosixDevice.open(path: path, writable: false).readBytes(4, at: 0) == [1])
        }
    }

    @Test func whatIsNotARegularFileIsRefusedWithoutWaiting() throws {
        try withTemporaryFolder { folder in
            let pipe = "\(folder)/pipe"
            #expect(mkfifo(pipe, 0o600) == 0)
            for writable in [false, true] {
                #expect(Self.code { _ = try PosixDevice.open(path: folder, writable: writable) } == .notADatabase)
                #expect(Self.code { _ = try PosixDevice.open(path: pipe, writable: writable) } == .notADatabase)
                #expect(Self.code { _ = try PosixDevice.open(path: "/dev/null", writable: writable) } == .notADatabase)
            }
            #expect(Self.code { _ = try PosixDevice.create(path: "\(folder)/") { _ in } } == .notADatabase)
            #expect(Self.code { _ = try PosixDevice.create(path: "") { _ in } } == .notADatabase)
        }
    }

    @Test func aMissingFileOrFolderIsNamedInTheError() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/missing/app.lsmtx"
            #expect(Self.code { _ = try PosixDevice.open(path: path, writable: true) } == .notFound)
            #expect(Self.code { _ = try PosixDevice.create(path: path) { _ in } } == .notFound)
            #expect(Self.code { _ = try PosixDevice.open(path: "\(folder)/x", writable: true) } == .notFound)
            do throws(StoreError) {
                _ = try PosixDevice.open(path: path, writable: false)
            } catch {
                #expect(error.location.path == path)
                #expect(error.errorNumber == ENOENT)
                #expect(!error.remedy.isEmpty)
            }
        }
    }

    @Test func aFolderThatTakesNoFilesGivesAnError() {
        // A file system without files of anyone's making, also for a superuser.
        #expect(throws: StoreError.self) { try PosixDevice.create(path: "/proc/app.lsmtx") { _ in } }
    }

    @Test func aPathWithAZeroByteIsRefused() {
        #expect(Self.code { _ = try PosixDevice.open(path: "/dev/null\0x", writable: false) } == .misuse)
        #expect(Self.code { _ = try PosixDevice.create(path: "/dev/null\0x") { _ in } } == .misuse)
    }

    @Test func aReadOnlyFileRefusesWritesAndTheWriterLock() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/a"
            _ = try PosixDevice.create(path: path) { device throws(StoreError) in try device.write([1], at: 0) }
            let device = try PosixDevice.open(path: path, writable: false)
            #expect(throws: StoreError.self) { try device.write([2], at: 0) }
            #expect(Self.code { _ = try device.lock(exclusive: true) } == .readOnly)
            #expect(try device.lock(exclusive: false) == nil)
            #expect(try device.readBytes(9, at: 0) == [1])
        }
    }

    @Test func relativePathsWork() throws {
        // The working folder belongs to the whole process, so the path climbs out of it instead of changing it.
        try withTemporaryFolder { folder in
            let up = String(repeating: "../", count: 40)
            let device = try PosixDevice.create(path: "\(up)\(folder.dropFirst())/a") { device throws(StoreError) in
                try device.write([5], at: 0)
            }
            #expect(device != nil)
            #expect(entries(of: folder) == ["a"])
        }
        // Nothing is made here: the name is taken by the folder itself.
        #expect(try PosixDevice.create(path: ".") { _ in } == nil)
    }

    @Test func contentsMatchTheDeviceInMemory() throws {
        try withTemporaryFolder { folder in
            let model = MemoryDevice()
            let file = try #require(try PosixDevice.create(path: "\(folder)/a") { _ in })
            var random = SeededGenerator(seed: 11)
            for step in 0..<400 {
                let offset = UInt64.random(in: 0..<100_000, using: &random)
                let count = Int.random(in: 1...9000, using: &random)
                let range = FileRange(offset: offset, length: UInt64(count))
                let bytes = Self.filled(count, UInt8.random(in: 1...255, using: &random))
                for device in [model, file] as [any StorageDevice] {
                    switch step % 8 {
                    case 0: try device.reserve(range)
                    case 1: try device.punch(range)
                    case 2: try device.truncate(to: min(offset, device.length()))
                    case 3: try device.writeDurably(bytes, at: offset)
                    case 4:
                        try device.sync()
                        device.dropCache(range)
                    default: try device.write(bytes, at: offset)
                    }
                }
                let expected = try model.readAll()
                let actual = try file.readAll()
                #expect(expected == actual, "step \(step)")
                guard expected == actual else { return }
            }
        }
    }

    @Test func offsetsPastEveryFileAreErrorsAndNoTraps() throws {
        try withTemporaryFolder { folder in
            let file = try #require(try PosixDevice.create(path: "\(folder)/a") { _ in })
            for offset in [UInt64.max, 1 << 63, UInt64(Int64.max) - 1] {
                #expect(try file.readBytes(16, at: offset) == [])
                #expect(Self.code { try file.write([1, 2, 3], at: offset) } == .diskFull)
                #expect(Self.code { try file.reserve(FileRange(offset: offset, length: 8)) } == .diskFull)
                try file.punch(FileRange(offset: offset, length: 8))
                file.dropCache(FileRange(offset: offset, length: 8))
            }
            #expect(throws: StoreError.self) { try file.truncate(to: .max) }
            #expect(throws: StoreError.self) { try file.reserve(FileRange(offset: 0, length: 1 << 62)) }
        }
    }

    @Test func closingTwiceIsAllowedAndCallsAfterItFail() throws {
        try withTemporaryFolder { folder in
            let file = try #require(try PosixDevice.create(path: "\(folder)/a") { _ in })
            file.close()
            file.close()
            #expect(Self.code { try file.write([1], at: 0) } == .closed)
            #expect(Self.code { _ = try file.length() } == .closed)
            #expect(throws: StoreError.self) { try file.sync() }
        }
    }

    @Test func everyErrorNumberSaysWhatToDoNext() {
        for number in 1...140 as ClosedRange<Int32> {
            let error = StoreError.system(number, doing: "Reading the file", path: "p", offset: 3)
            #expect(error.errorNumber == number)
            #expect(error.message.hasPrefix("Reading the file failed: ") && error.message.hasSuffix("."))
            #expect(error.remedy.hasSuffix("."))
            #expect(StoreError.syncFailed(number, doing: "Syncing", path: nil).code == .io)
        }
        let codes: [(Int32, StoreError.Code)] = [
            (EIO, .io), (ENOSPC, .diskFull), (EDQUOT, .diskFull), (EFBIG, .diskFull), (EACCES, .readOnly),
            (EPERM, .readOnly), (EROFS, .readOnly), (ENOENT, .notFound), (EISDIR, .notADatabase), (EMFILE, .io),
            (EBADF, .closed),
        ]
        for (number, code) in codes {
            #expect(StoreError.system(number, doing: "A", path: nil).code == code, "error \(number)")
        }
    }
}
