import Foundation
import LSMTx

extension Engine {
    /// The commit that the current folder belongs to, where git tells it.
    private static let workingCopy: String = {
        let git = Process()
        let output = Pipe()
        git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        git.arguments = ["git", "describe", "--always", "--dirty"]
        git.standardOutput = output
        git.standardError = FileHandle.nullDevice
        guard (try? git.run()) != nil else { return "working copy" }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        git.waitUntilExit()
        let commit = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return git.terminationStatus == 0 && !commit.isEmpty ? commit : "working copy"
    }()

    /// This project's engine.
    static func lsmtx(cacheBytes: Int, memtableBytes: Int) -> Engine {
        let facts = EngineFacts(
            name: "lsmtx", title: "LSMTx",
            settings: [
                "cache \(cacheBytes >> 20) MiB, memtable \(memtableBytes >> 20) MiB, no compression",
                "commits .buffered, or .sync in the synced rows", "reads through a snapshot held by each thread",
                "transactions by write { }, retried by the library",
            ],
            buffered: .process, isolation: .serializable)
        let workingCopy = Self.workingCopy
        return Engine(facts: facts) { folder, isSynced in
            var configuration = Configuration()
            configuration.durability = isSynced ? .sync : .buffered
            configuration.cacheBytes = cacheBytes
            configuration.memtableBytes = memtableBytes
            let database = try Database(path: folder + "/store.lsmtx", configuration: configuration)
            return Store(
                version: workingCopy,
                session: { try Session(database) },
                flush: { try database.flush() },
                compact: { try database.compact() },
                waits: {
                    let statistics = try database.statistics
                    let stalls = statistics.stalls.filter { $0.slowed + $0.stopped > 0 }.map {
                        "\($0.reason): \($0.slowed) slowed, \($0.stopped) stopped, \($0.nanoseconds / 1_000_000) ms"
                    }
                    return (stalls + ["\(statistics.log.segmentsAwaited) log segments awaited"]).joined(separator: "; ")
                },
                close: { try database.close() })
        }
    }
}

extension Session {
    fileprivate init(_ database: Database) throws {
        let snapshot = try database.snapshot()
        self.init(
            get: { key, body in
                guard let value = try snapshot.get(key) else { return false }
                value.withUnsafeBytes(body)
                return true
            },
            lend: { key, body in
                try snapshot.withValue(key) { $0.withUnsafeBytes(body) } != nil
            },
            getNewest: { key, body in
                guard let value = try database.read({ try $0.get(key) }) else { return false }
                value.withUnsafeBytes(body)
                return true
            },
            scan: { start, isReverse, body in
                let bound = start.map { $0.withBytes { span in span.withUnsafeBytes { [UInt8]($0) } } }
                let range = isReverse ? KeyRange(upTo: bound) : KeyRange(from: bound ?? [])
                try snapshot.forEach(range, reverse: isReverse) { key, value in
                    key.withUnsafeBytes { key in value.withUnsafeBytes { body(key, $0) } }
                }
            },
            put: { key, value in try database.write { try $0.put(key, value) } },
            modify: { key, body in
                try database.write { transaction in
                    guard let old = try transaction.get(key) else { return 0 }
                    try transaction.put(key, old.withUnsafeBytes(body))
                    return transaction.attempt
                }
            },
            transfer: { from, to, body in
                try database.write { transaction in
                    guard let source = try transaction.get(from), let target = try transaction.get(to) else { return 0 }
                    let (less, more) = source.withUnsafeBytes { source in target.withUnsafeBytes { body(source, $0) } }
                    try transaction.put(from, less)
                    try transaction.put(to, more)
                    return transaction.attempt
                }
            },
            mutate: { key, number in try database.write(retry: .never) { try $0.mutate(key, .add(number)) } },
            erase: { from, upTo, meanwhile in
                let transaction = try database.begin(.snapshot)
                try meanwhile()
                try transaction.deleteRange(KeyRange(from: from.bytes, upTo: upTo.bytes))
                try transaction.commit()
            })
    }
}
