import Foundation
import LSMTx

/// Indexes text files, many at once, and finds words in them.
@main
enum Main {
    static let usage = """
        usage: search FILE index TEXT-FILE...
               search FILE find WORD...
               search FILE words PREFIX
        """

    static func main() async {
        do {
            try await run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            FileHandle.standardError.write(Data("search: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func run(_ words: [String]) async throws {
        guard words.count >= 3 else { return print(usage) }
        let index = SearchIndex(database: try await Database(path: words[0]))
        let rest = Array(words.dropFirst(2))
        do {
            switch words[1] {
            case "index":
                print("\(try await add(rest, to: index)) words in \(rest.count) documents")
            case "find":
                for hit in try await index.find(rest) {
                    print("\(String(format: "%5.2f", hit.share * 100))%  \(hit.document)")
                }
            case "words":
                try await index.words(beginningWith: rest[0]) { print("\($1)\t\($0)") }
            default: print(usage)
            }
        } catch {
            try? await index.database.close()
            throw error
        }
        try await index.database.close()
    }

    /// Each document is a transaction of its own; those under way share their syncs.
    private static func add(_ paths: [String], to index: SearchIndex) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for path in paths {
                group.addTask {
                    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
                    return try await index.add(path, text: text)
                }
            }
            return try await group.reduce(0, +)
        }
    }
}
