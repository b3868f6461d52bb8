/// The words of the spec language.
enum SpecWords {
    static let meta = ["anomaly", "see", "levels", "retention"]
    static let sections = ["spec", "setup", "schedule", "session", "explore"]
    static let writes = ["put", "del", "del-range"]
    static let operations =
        ["begin", "get", "scan", "prefix", "open", "next", "savepoint", "rollback-to", "release", "guard"]
        + ["commit", "rollback"] + writes
    static let databaseOperations = ["flush", "compact", "close", "reopen", "crash", "failpoint", "versions"]
    static let results = ["none", "ok", "conflict", "unknown", "gone", "any", "skip", "one-of"]
    static let levels = Level.allCases.map(\.rawValue)
    static let counts = Spec.Count.Kind.allCases.map(\.rawValue)
    static let scheduleLines = ["db", "final", "verdict"]
    /// The failpoints, and what can happen at each. A sync has no bytes that could be torn or have no room.
    static let failpoints: [(name: String, actions: [String])] =
        ["wal", "flush", "compaction", "recovery", "close"].flatMap { activity in
            [
                (activity == "wal" ? "wal.append" : "\(activity).write", ["fail", "torn", "full"]),
                ("\(activity).sync", ["fail"]),
            ]
        } + [("superblock.write", ["fail", "torn", "full"])]
    static let modifiers = ["limit", "reverse", "read-only", "full", "as", "all", "sample", "seed"]

    /// What no session can be called, so that a line's first word says what the line is.
    static let notSessions = Set(
        meta + sections + operations + databaseOperations + results + levels + counts + ["final", "verdict", "as"])

    /// What is quoted as a key or value, although the place would tell, so that readers are not misled.
    static let quoted = notSessions.union(modifiers).union(scheduleLines)

    /// Whether a word can hold a scalar. Beyond ASCII only strings go, where one sees where they end.
    static func isPart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".", "/", "~", "+", "*", "@", "%", "&", "!", "?": true
        default: false
        }
    }

    /// Whether the name of a variable can hold a scalar: not what stands between it and a number.
    static func isPartOfName(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_": true
        default: false
        }
    }

    /// The one of some words that was most likely meant by another one.
    static func closest(to word: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(word.utf8.prefix(40))
        let allowed = wanted.count <= 3 ? 1 : 2
        var best: (word: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(wanted, Array(candidate.utf8))
            if distance <= allowed, distance < candidate.utf8.count, distance < best?.distance ?? .max {
                best = (candidate, distance)
            }
        }
        return best?.word
    }

    /// How many letters are wrong, missing, too many, or swapped with the next one (Damerau's restricted distance).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let change = last[column] + (left[row] == right[column] ? 0 : 1)
                var least = min(change, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    least = min(least, beforeLast[column - 1] + 1)
                }
                current.append(least)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
