internal import LSMTx

extension Command {
    static let count = Command(
        "count",
        abstract: "Print how many keys there are.",
        arguments: [.file],
        options: Option.range + [.asOf, .hex, .json]
    ) { invocation in
        let range = try invocation.range()
        let point = try invocation.point(.asOf)
        let count = try Store.read(try invocation.path()) { database in
            try database.read(at: point) { try countEntries($0, in: range) }
        }
        let output = invocation.console.output
        if invocation.has(.json) {
            output.write(try JSONText.line(["count": count]))
        } else {
            output.write("\(count)\n")
        }
        return .success
    }
}

func countEntries(_ snapshot: Snapshot, in range: KeyRange = .all) throws -> Int {
    var count = 0
    // Large values are not read for it.
    try snapshot.forEachKey(range) { _ in
        count += 1
        return true
    }
    return count
}
