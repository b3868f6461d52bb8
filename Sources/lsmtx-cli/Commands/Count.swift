internal import LSMTx

extension Command {
    static let count = Command(
        "count",
        abstract: "Print how many keys there are.",
        arguments: [.file],
        options: Option.range + [.asOf, .hex, .json], isInShell: true
    ) { invocation in
        let range = try invocation.range()
        let count = try invocation.readKeys { try countEntries($0, in: range, check: invocation.checkInterrupt) }
        let output = invocation.console.output
        if invocation.has(.json) {
            output.write(try JSONText.line(["count": count]))
        } else {
            output.write("\(count)\n")
        }
        return .success
    }
}

/// - Parameters:
///   - state: What to count in.
///   - range: Which keys.
///   - check: Called now and then; an error that it throws ends the count.
func countEntries(_ state: any Readable, in range: KeyRange = .all, check: () throws -> Void = {}) throws -> Int {
    var count = 0
    func add() throws -> Bool {
        count += 1
        if count.isMultiple(of: 1024) { try check() }
        return true
    }
    // A snapshot does not read large values for it.
    if let snapshot = state as? Snapshot {
        try snapshot.forEachKey(range) { _ in try add() }
    } else {
        try state.forEach(range) { _, _ in try add() }
    }
    return count
}
