import LSMTxTestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Misuse that the compiler finds: small programs, compiled against the built library as a user's would be.
///
/// All are compiled down to where data races and lifetimes are looked at. Of what the compiler says, one fragment is
/// expected; one program has no error, so that a set-up that compiles nothing fails here.
@Suite struct CompileErrorTests {
    private struct Misuse {
        let name: String
        /// `nil` when it compiles.
        let expected: String?
        let source: String
    }

    private static let programs = [
        Misuse(
            name: "rightUse", expected: nil,
            source: """
                func use(_ database: Database) async throws -> Int {
                    try await database.write { t in try t.put("k", "v") }
                    let snapshot = try database.snapshot()
                    defer { snapshot.close() }
                    var count = 0
                    for try await _ in snapshot.stream() { count += 1 }
                    return try await database.read { try $0.get("k")?.count ?? 0 } + count
                }
                func use(_ path: String) async throws -> [KeyVersion] {
                    let database = try await Database(path: path)
                    try await database.createSnapshot(named: "before")
                    try await database.setRetention(.standard)
                    let versions = try await database.history(of: "k")
                    try await database.dropSnapshot(named: "before")
                    try await database.close()
                    return versions
                }
                func use(_ code: StoreError.Code) -> Bool {
                    switch code {
                    case .conflict: true
                    default: false
                    }
                }
                """),
        Misuse(
            name: "openingAtTheTopLevel", expected: nil,
            source: """
                func use(_ database: Database) async throws { try await database.flush() }
                let database = try Database(path: "app.lsmtx")
                try await use(database)
                """),
        Misuse(
            name: "blockingCallAtTheTopLevel", expected: "in top-level code, in a function",
            source: """
                let database = try Database(path: "app.lsmtx")
                try await database.createSnapshot(named: "before")
                """),
        Misuse(
            name: "blockingOpenInATask", expected: "expression is 'async' but is not marked with 'await'",
            source: "func use(_ path: String) async throws -> Database { try Database(path: path) }"),
        Misuse(
            name: "blockingHistoryInATask", expected: "expression is 'async' but is not marked with 'await'",
            source: "func use(_ database: Database) async throws { print(try database.history(of: \"k\")) }"),
        Misuse(
            name: "blockingRetentionInATask", expected: "expression is 'async' but is not marked with 'await'",
            source: "func use(_ database: Database) async throws { try database.setRetention(.standard) }"),
        Misuse(
            name: "blockingReadInATask", expected: "'Box' does not conform to the 'Sendable' protocol",
            source: """
                final class Box {}
                func use(_ database: Database) async throws -> Box { try database.read { _ in Box() } }
                """),
        Misuse(
            name: "blockingWriteInATask", expected: "expression is 'async' but is not marked with 'await'",
            source: "func use(_ database: Database) async throws { try database.write { try $0.put([1], [2]) } }"),
        Misuse(
            name: "blockingCloseInATask", expected: "expression is 'async' but is not marked with 'await'",
            source: "func use(_ database: Database) async throws { try database.close() }"),
        Misuse(
            name: "transactionInATask", expected: "risks causing data races",
            source: """
                func use(_ database: Database) throws {
                    try database.write { t in _ = Task { try t.put([1], [2]) } }
                }
                """),
        Misuse(
            name: "transactionInTwoTasks", expected: "risks causing data races",
            source: """
                func use(_ database: Database) throws -> Transaction {
                    let t = try database.begin()
                    Task.detached { try t.commit() }
                    return t
                }
                """),
        Misuse(
            name: "savepointInATask", expected: "risks causing data races",
            source: """
                func use(_ t: Transaction) throws {
                    let savepoint = try t.savepoint()
                    Task { print(savepoint) }
                }
                """),
        Misuse(
            name: "bytesThatAreKept", expected: "lifetime-dependent variable 'kept' escapes its scope",
            source: """
                func use(_ snapshot: Snapshot) throws -> Int {
                    var kept: RawSpan? = nil
                    _ = try snapshot.withValue("k") { value in kept = value }
                    return kept?.byteCount ?? 0
                }
                """),
        Misuse(
            name: "stateSharedWithAClosure", expected: "in a '@Sendable' closure",
            source: """
                final class Count { var n = 0 }
                func use(_ database: Database) async throws {
                    let count = Count()
                    try await database.write { t in count.n += 1 }
                    print(count.n)
                }
                """),
        Misuse(
            name: "waitingInATransaction", expected: "to parameter expecting synchronous function type",
            source: """
                func use(_ database: Database) async throws {
                    try await database.write { t in
                        try await Task.sleep(for: .seconds(1))
                        try t.put("k", "v")
                    }
                }
                """),
        Misuse(
            name: "noPlaceForNewEvents", expected: "may have additional unknown values",
            source: """
                func use(_ mutation: Mutation) -> Int {
                    switch mutation {
                    case .add, .min, .max, .and, .or, .xor, .setIfAbsent, .versionstamped: 1
                    }
                }
                """),
    ]

    /// The folder of the build, which the test bundle lies in.
    private static let products: String? = {
        for argument in CommandLine.arguments {
            let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
            guard let bundle = parts.firstIndex(where: { $0.hasSuffix(".xctest") }) else { continue }
            return parts[..<bundle].joined(separator: "/")
        }
        return nil
    }()

    @Test func misuseDoesNotCompile() throws {
        let products = try #require(Self.products, "The test bundle's path is not among the process's arguments.")
        let module = "\(products)/Modules/LSMTx.swiftmodule"
        try #require(access(module, R_OK) == 0, "The built module is not at \(module).")
        try withTemporaryFolder { folder in
            for program in Self.programs {
                let file = try #require(fopen("\(folder)/\(program.name).swift", "w"))
                fputs("import LSMTx\n\(program.source)\n", file)
                fclose(file)
            }
            let compile = [
                "swiftc -swift-version 6 -emit-sil -o /dev/null -I '\(products)/Modules'",
                "-Xcc -fmodule-map-file='\(products)/CLSMTxShims.build/module.modulemap'",
                "-Xcc -fmodule-map-file='\(SourceTree.root)/Sources/CXXHash/module.modulemap'",
            ].joined(separator: " ")
            // Each is a process of its own, as an error of one kind keeps the compiler from looking for others.
            let script =
                "cd '\(folder)' && ls *.swift | xargs -P 4 -I {} "
                + "sh -c \"\(compile) {} > {}.log 2>&1; echo status \\$? >> {}.log\""
            try #require(system(script) == 0, "The compiler could not be run.")
            for program in Self.programs {
                let log = Self.text(of: "\(folder)/\(program.name).swift.log")
                if let expected = program.expected {
                    #expect(log.contains(expected), "\(program.name): \(log)")
                    #expect(log.contains("error:") && !log.hasSuffix("status 0\n"), "\(program.name): \(log)")
                } else {
                    #expect(log == "status 0\n", "\(program.name): \(log)")
                }
            }
        }
    }

    private static func text(of path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var text = ""
        var line = [CChar](repeating: 0, count: 4096)
        while fgets(&line, Int32(line.count), file) != nil {
            text += String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return text
    }
}
