import LSMTx
import LSMTxCLI
import LSMTxSimulation
import LSMTxTestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Kills a writing process at random moments and looks at what the file then holds.
///
/// Each round:
/// 1. `lsmtx torture` is started on the file that the last round left, so that it first recovers it. Eight threads
///    commit transactions of several keys and acknowledge each one over a pipe.
/// 2. It is killed with -9: after a random time, which may fall into creation or recovery, or after a random number of
///    acknowledgements.
/// 3. The file is opened for reading, which replays the log in memory, and must hold every acknowledged transaction,
///    none by half, and at most one unacknowledged one a thread. That open must not change the file.
/// 4. What was seen is from then on taken as acknowledged: it must still be there after later rounds.
///
/// Every so often the file is opened for writing here, checked, verified again and deleted, so that the next round
/// begins with a file that does not exist. All the while inotify watches the folder: no second file, ever.
///
/// `LSMTX_KILLS` sets the number of rounds, `LSMTX_SEED` the seed.
@Suite("Kill loop", .serialized)
struct KillLoopTests {
    private static let threads = 8
    /// A file lives for this many kills.
    private static let killsPerFile = 20

    private static var kills: Int {
        #if DEBUG
        let standard = 12
        #else
        let standard = 200
        #endif
        return number("LSMTX_KILLS") ?? standard
    }

    private static func number(_ variable: String) -> Int? { getenv(variable).flatMap { Int(String(cString: $0)) } }

    /// The store's descriptors stay clear of the numbers of closed streams, or else the acknowledgements would be
    /// written over its superblock.
    @Test func nothingThatIsPrintedReachesTheFileWhenTheStreamsAreClosed() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/app.lsmtx"
            #expect(try ChildProcess.run(["put", path, "k", "v"]).status == 0)
            let arguments = ["torture", "--threads", "1", "--commits", "20", path].map { Array($0.utf8) }
            let child = try ChildProcess(arguments, closed: [0, 1, 2])
            // The first acknowledgement finds no output.
            #expect(child.wait() == 74)
            #expect(try ChildProcess.run(["check", path]).status == 0)
        }
    }

    @Test func noAcknowledgedCommitIsLostAndNoneIsHalfThere() throws {
        let seed = UInt64(Self.number("LSMTX_SEED") ?? 20_261_121)
        var loop = try KillLoop(seed: seed, threads: Self.threads)
        for round in 0..<Self.kills {
            try loop.kill()
            if (round + 1).isMultiple(of: Self.killsPerFile) { try loop.reopenAndDelete() }
            // One broken round breaks all that follow.
            guard loop.isSound else { break }
        }
        if loop.isSound { try loop.reopenAndDelete() }
        #expect(loop.acknowledgedInAll > 0)
    }
}

private struct KillLoop {
    private let seed: UInt64
    private let threads: Int
    private var generator: SeededGenerator
    private let folder: TemporaryFolder
    private let file: String
    #if os(Linux)
    private let watch: FolderWatch
    #endif
    private var round = 0
    /// What the present file must hold.
    private var acknowledged = Acknowledgements()
    private(set) var acknowledgedInAll = 0
    private(set) var isSound = true

    init(seed: UInt64, threads: Int) throws {
        self.seed = seed
        self.threads = threads
        generator = SeededGenerator(seed: seed)
        folder = try TemporaryFolder()
        file = folder.file("store.lsmtx")
        #if os(Linux)
        watch = try FolderWatch(folder.path)
        #endif
    }

    /// One round: write, kill, look.
    mutating func kill() throws {
        round += 1
        let lines = try writeUntilKilled()
        for line in lines { acknowledged.add(line: line) }
        acknowledgedInAll += lines.count
        expectOneFile()

        let before = contents(of: file)
        var configuration = Configuration()
        configuration.readOnly = true
        configuration.createIfMissing = false
        do {
            let database = try Database(path: file, configuration: configuration)
            try verify(database)
            try database.close()
        } catch let error as StoreError where [.notFound, .notADatabase].contains(error.code) {
            // Killed before the file was finished: right, unless something had been committed.
            expect(acknowledged.last.isEmpty, "\(error)")
        }
        expect(contents(of: file) == before, "opening for reading changed the file")
        expectOneFile()
    }

    /// Recovers the file, checks it, closes it cleanly, looks again, and deletes it.
    mutating func reopenAndDelete() throws {
        for _ in 0..<2 {
            let database = try Database(path: file)
            try verify(database)
            let findings = try database.check().findings
            expect(findings.isEmpty, "\(findings)")
            try database.close()
        }
        expectOneFile()
        unlink(file)
        acknowledged = Acknowledgements()
    }

    private mutating func writeUntilKilled() throws -> [ArraySlice<UInt8>] {
        // Small memtables, so that flushes are killed too.
        var arguments = ["torture", file, "--threads", String(threads), "--memtable", String(1 << 20)]
        if Int.random(in: 0..<3, using: &generator) == 0 { arguments.append("--buffered") }
        let afterTime = Int.random(in: 0..<3, using: &generator) == 0
        let microseconds = Int.random(in: 0..<40_000, using: &generator)
        let lineLimit = afterTime ? Int.max : Int.random(in: 1..<3000, using: &generator)

        let child = try ChildProcess(arguments.map { Array($0.utf8) })
        var (output, errors): ([UInt8], [UInt8]) = ([], [])
        if afterTime {
            usleep(UInt32(microseconds))
        } else {
            var lines = 0
            var open = true
            while lines < lineLimit, open {
                let start = output.count
                open = child.receive(timeoutMilliseconds: -1, output: &output, errors: &errors)
                lines += output[start...].count { $0 == UInt8(ascii: "\n") }
            }
        }
        child.kill()
        while child.receive(timeoutMilliseconds: -1, output: &output, errors: &errors) {}
        let status = child.wait()
        expect(status == -SIGKILL, "ended by itself with \(status): \(String(decoding: errors, as: UTF8.self))")
        return output.split(separator: UInt8(ascii: "\n"))
    }

    private mutating func verify(_ database: Database) throws {
        let verdict = try database.read { try TortureVerdict($0, acknowledged: acknowledged) }
        expect(verdict.problems.isEmpty, verdict.problems.joined(separator: "\n"))
        for (thread, number) in verdict.stored where number > 0 {
            acknowledged.add(line: Array("\(thread) \(number)".utf8))
        }
    }

    private mutating func expectOneFile() {
        expect(folder.names.allSatisfy { $0 == "store.lsmtx" }, "in the folder: \(folder.names)")
        #if os(Linux)
        let others = watch.changedNames().filter { $0 != "store.lsmtx" }
        expect(others.isEmpty, "appeared for a while: \(others)")
        #endif
    }

    private mutating func expect(_ condition: Bool, _ text: String) {
        guard !condition else { return }
        isSound = false
        Issue.record("seed \(seed), round \(round): \(text)")
    }
}
