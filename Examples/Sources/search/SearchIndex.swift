import LSMTx

/// Which words stand in which documents, and how often.
///
///     word/WORD<0>DOCUMENT       how often the word stands there, as decimal digits
///     document/NAME              how many words it has
///     of/DOCUMENT<0>WORD         the words of a document, to take it out again
///
/// The zero byte ends a word or a name, neither of which contains one: so "art" and "artist" are apart.
struct SearchIndex: Sendable {
    let database: Database

    struct Hit: Sendable {
        let document: String
        /// How much of the document the words are.
        let share: Double
    }

    /// Puts a document in, in place of what it was before. Readers see all of it or nothing.
    ///
    /// - Returns: How many different words it has.
    func add(_ name: String, text: String) async throws -> Int {
        let counts = Dictionary(Self.words(of: text).map { ($0, 1) }, uniquingKeysWith: +)
        let total = counts.values.reduce(0, +)
        return try await database.write { t in
            try Self.remove(name, in: t)
            for (word, count) in counts {
                try t.put("word/\(word)\0\(name)", String(count))
                try t.put("of/\(name)\0\(word)", "")
            }
            try t.put("document/\(name)", String(total))
            return counts.count
        }
    }

    /// The documents that have all of the words, the one with the greatest share of them first.
    func find(_ words: [String]) async throws -> [Hit] {
        try await database.read { snapshot in
            var sums: [String: Int]?
            for word in words.flatMap(Self.words) {
                let range = KeyRange(prefix: "word/\(word)\0")
                var counts: [String: Int] = [:]
                for entry in snapshot.scan(range) {
                    let name = String(decoding: entry.key.dropFirst(range.lowerBound.count), as: UTF8.self)
                    // Only those that had all words so far.
                    guard let sum = sums.map({ $0[name] }) ?? 0 else { continue }
                    counts[name] = sum + Self.number(entry.value)
                }
                sums = counts
            }
            let found = Array(sums ?? [:])
            let totals = try snapshot.get(keys: found.map { "document/\($0.key)" })
            return zip(found, totals)
                .map { Hit(document: $0.key, share: Double($0.value) / Double(max(1, $1.map(Self.number) ?? 1))) }
                .sorted { ($1.share, $0.document) < ($0.share, $1.document) }
        }
    }

    /// The words that begin with `prefix`, each with the number of documents that have it, as they come: the stream
    /// holds no thread while the caller works.
    func words(beginningWith prefix: String, _ body: (String, Int) async -> Void) async throws {
        let snapshot = try database.snapshot()
        defer { snapshot.close() }
        var last: (word: String, documents: Int)?
        for try await entry in snapshot.stream(KeyRange(prefix: "word/\(prefix.lowercased())")) {
            let word = String(decoding: entry.key.dropFirst("word/".utf8.count).prefix { $0 != 0 }, as: UTF8.self)
            if let known = last, known.word == word {
                last = (word, known.documents + 1)
            } else {
                if let last { await body(last.word, last.documents) }
                last = (word, 1)
            }
        }
        if let last { await body(last.word, last.documents) }
    }

    private static func remove(_ name: String, in t: Transaction) throws {
        let own = KeyRange(prefix: "of/\(name)\0")
        for entry in t.scan(own) {
            let word = String(decoding: entry.key.dropFirst(own.lowerBound.count), as: UTF8.self)
            try t.delete("word/\(word)\0\(name)")
        }
        try t.deleteRange(own)
    }

    private static func words(of text: String) -> [String] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }

    private static func number(_ value: [UInt8]) -> Int { Int(String(decoding: value, as: UTF8.self)) ?? 0 }
}
