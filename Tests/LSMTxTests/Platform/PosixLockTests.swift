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

@Suite struct PosixLockTests {
    private static func withFile(_ body: (String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            _ = try PosixDevice.create(path: "\(folder)/a") { _ in }
            try body("\(folder)/a")
        }
    }

    @Test func aWriterExcludesEveryoneInItsOwnProcessToo() throws {
        try Self.withFile { path in
            let writer = try PosixDevice.open(path: path, writable: true)
            #expect(try writer.lock(exclusive: true) == nil)
            let other = try PosixDevice.open(path: path, writable: true)
            let holder = LockHolder(processID: getpid(), isThisProcess: true)
            #expect(try other.lock(exclusive: true) == holder)
            #expect(try other.lock(exclusive: false) == holder)
            writer.close()
            #expect(try other.lock(exclusive: true) == nil)
        }
    }

    @Test func readersShareAndExcludeAWriter() throws {
        try Self.withFile { path in
            let readers = try (0..<3).map { _ in try PosixDevice.open(path: path, writable: false) }
            for reader in readers { #expect(try reader.lock(exclusive: false) == nil) }
            let writer = try PosixDevice.open(path: path, writable: true)
            for reader in readers {
                #expect(try writer.lock(exclusive: true)?.isThisProcess == true)
                reader.close()
            }
            #expect(try writer.lock(exclusive: true) == nil)
        }
    }

    @Test func itsOwnLockDoesNotStandInAnOpenersWay() throws {
        try Self.withFile { path in
            let device = try PosixDevice.open(path: path, writable: true)
            for exclusive in [false, true, true, false, true] {
                #expect(try device.lock(exclusive: exclusive) == nil)
            }
        }
    }

    @Test func anUnrelatedOpenAndCloseKeepsTheLock() throws {
        try Self.withFile { path in
            let writer = try PosixDevice.open(path: path, writable: true)
            #expect(try writer.lock(exclusive: true) == nil)
            try PosixDevice.open(path: path, writable: true).close()
            #expect(try PosixDevice.open(path: path, writable: true).lock(exclusive: true) != nil)
        }
    }

    @Test func aFileCanBeLockedBeforeItHasAName() throws {
        try withTemporaryFolder { folder in
            let made = try PosixDevice.create(path: "\(folder)/a") { device throws(StoreError) in
                #expect(try device.lock(exclusive: true) == nil)
            }
            #expect(made != nil)
            #expect(try PosixDevice.open(path: "\(folder)/a", writable: true).lock(exclusive: true) != nil)
        }
    }

    @Test func anotherProcessIsNamed() async throws {
        let folder = try makeTemporaryFolder()
        defer { removeTemporaryFolder(folder) }
        let path = "\(folder)/a"
        let writer = try #require(try PosixDevice.create(path: path) { _ in })
        #expect(try writer.lock(exclusive: true) == nil)
        let parent = getpid()
        await #expect(processExitsWith: .success) { [path = path as String, parent = parent as Int32] in
            let other = try PosixDevice.open(path: path, writable: true)
            let holder = try other.lock(exclusive: true)
            exit(holder == LockHolder(processID: parent, isThisProcess: false) ? 0 : 1)
        }
        withExtendedLifetime(writer) {}
    }

    @Test func aKilledHolderHoldsNothing() async throws {
        let folder = try makeTemporaryFolder()
        defer { removeTemporaryFolder(folder) }
        let path = "\(folder)/a"
        let device = try #require(try PosixDevice.create(path: path) { _ in })
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let other = try PosixDevice.open(path: path, writable: true)
            guard try other.lock(exclusive: true) == nil else { exit(1) }
            kill(getpid(), SIGKILL)
            pause()
        }
        #expect(try device.lock(exclusive: true) == nil)
    }

    @Test func aChildMadeByForkMayNotWriteAndDoesNotUnlock() async throws {
        await #expect(processExitsWith: .success) {
            let folder = try makeTemporaryFolder()
            defer { removeTemporaryFolder(folder) }
            let path = "\(folder)/a"
            let device = try #require(try PosixDevice.create(path: path) { _ in })
            #expect(try device.lock(exclusive: true) == nil)
            let atStart = ForkGuard.current
            try atStart.check()
            let child = fork()
            if child == 0 {
                var refused = !atStart.isSameProcess
                do throws(StoreError) {
                    try device.sync()
                    refused = false
                } catch {
                    refused = refused && error.code == .forkedHandle
                }
                device.close()
                _exit(refused && ForkGuard.current.isSameProcess ? 0 : 1)
            }
            var status: Int32 = -1
            #expect(waitpid(child, &status, 0) == child)
            #expect(status == 0)
            #expect(try PosixDevice.open(path: path, writable: true).lock(exclusive: true)?.isThisProcess == true)
            #expect(atStart.isSameProcess)
            try device.sync()
        }
    }
}
