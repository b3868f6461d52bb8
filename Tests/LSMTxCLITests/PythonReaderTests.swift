import LSMTx
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

/// The reader in Python, which was written from the page on the file format, sees what the library sees.
@Suite(.enabled(if: PythonReader.interpreter != nil, "Python is not installed."))
struct PythonReaderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func itsHashIsTheOneOfTheFormat() throws {
        let result = try PythonReader.run("xxh3.py", [])
        #expect(result.status == 0, "\(result.errorText)")
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func aClosedStoreReadsTheSame(seed: UInt64) throws {
        let file = folder.file("store.lsmtx")
        var writer = try RandomStore(path: file, seed: seed)
        for _ in 0..<3 { try writer.writeAndReopen(steps: 400) }
        try writer.database.close()

        try expectSame(file, seed: seed)
        try expectSame(file, ["--as-of", "round 1"], seed: seed)
        let verified = try PythonReader.run("lsmtx_reader.py", ["--check", file])
        #expect(verified.status == 0, "seed \(seed): \(verified.errorText)")
    }

    @Test(arguments: [4, 5] as [UInt64])
    func aStoreThatWasNotClosedReadsTheSame(seed: UInt64) throws {
        let file = folder.file("store.lsmtx")
        let copy = folder.file("copy.lsmtx")
        var writer = try RandomStore(path: file, seed: seed)
        try writer.writeAndReopen(steps: 300)
        try writer.write(steps: 300)
        // What a kill leaves at this moment.
        write(contents(of: file), to: copy)
        try writer.database.close()

        // The reader first: it leaves the file as a crash left it.
        let seen = try PythonReader.run("lsmtx_reader.py", [copy])
        let expected = try ChildProcess.run(["scan", copy])
        #expect(seen.status == 0, "seed \(seed): \(seen.errorText)")
        #expect(seen.output == expected.output, "seed \(seed)")
        #expect(!seen.output.isEmpty)
    }

    @Test func damageIsRefusedWhereTheProgramRefusesIt() throws {
        let file = folder.file("store.lsmtx")
        var writer = try RandomStore(path: file, seed: 6)
        try writer.writeAndReopen(steps: 300)
        try writer.database.close()
        let intact = contents(of: file)
        try #require(!intact.isEmpty)
        var random = SeededGenerator(seed: 7)
        var refused = 0
        for _ in 0..<20 {
            var damaged = intact
            let place = Int.random(in: damaged.indices, using: &random)
            damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            let copy = folder.file("damaged.lsmtx")
            write(damaged, to: copy)
            let seen = try PythonReader.run("lsmtx_reader.py", [copy])
            let expected = try ChildProcess.run(["scan", copy])
            #expect(seen.status == expected.status, "byte \(place): \(seen.errorText)")
            if seen.status != 0 { refused += 1 }
        }
        #expect(refused > 0)
    }

    private func expectSame(_ file: String, _ options: [String] = [], seed: UInt64) throws {
        let seen = try PythonReader.run("lsmtx_reader.py", options + [file])
        let expected = try ChildProcess.run(["scan"] + options + [file])
        #expect(seen.status == 0, "seed \(seed): \(seen.errorText)")
        #expect(seen.output == expected.output, "seed \(seed), options \(options)")
        #expect(!seen.output.isEmpty, "seed \(seed)")
    }
}

/// The programs in Tests/PythonReader.
private enum PythonReader {
    static let interpreter: String? = {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/python3" }.first { access($0, X_OK) == 0 }
    }()

    static func run(_ program: String, _ arguments: [String]) throws -> ChildProcess.Result {
        try ChildProcess.run(
            ["-B", "\(SourceTree.root)/Tests/PythonReader/\(program)"] + arguments, program: interpreter ?? "python3")
    }
}

/// A store in which everything occurs that the format knows.
private struct RandomStore {
    private let path: String
    private(set) var database: Database
    private var random: SeededGenerator
    private var round = 0

    init(path: String, seed: UInt64) throws {
        self.path = path
        random = SeededGenerator(seed: seed)
        database = try Self.open(path)
    }

    private static func open(_ path: String) throws -> Database {
        var configuration = Configuration()
        configuration.durability = .buffered
        configuration.memtableBytes = 64 << 10
        configuration.extentBytes = 64 << 10
        return try Database(path: path, configuration: configuration)
    }

    mutating func writeAndReopen(steps: Int) throws {
        try write(steps: steps)
        round += 1
        try database.createSnapshot(named: "round \(round)")
        try database.close()
        database = try Self.open(path)
    }

    mutating func write(steps: Int) throws {
        for _ in 0..<steps {
            let transaction = try database.begin()
            for _ in 0...Int.random(in: 0..<4, using: &random) { try change(transaction) }
            try transaction.commit()
        }
    }

    private mutating func change(_ transaction: Transaction) throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<70: try transaction.put(key(), bytes(upTo: 300))
        case 70..<85: try transaction.delete(key())
        case 85..<88:
            let bounds = [key(), key()].sorted { $0.lexicographicallyPrecedes($1) }
            try transaction.deleteRange(KeyRange(from: bounds[0], upTo: bounds[1]))
        case 88: try transaction.put(key(), bytes(upTo: 3) + [UInt8](repeating: 7, count: 70_000))
        case 89: try transaction.put([], bytes(upTo: 9))
        default: try transaction.mutate(key(), .add(1))
        }
    }

    /// Keys that share prefixes, of bytes of all kinds.
    private mutating func key() -> [UInt8] {
        let number = Int.random(in: 0..<500, using: &random)
        return [UInt8](repeating: UInt8(number % 3 * 127), count: number % 7) + Array("\(number)".utf8)
    }

    private mutating func bytes(upTo limit: Int) -> [UInt8] {
        let count = Int.random(in: 0..<limit, using: &random)
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }
}
