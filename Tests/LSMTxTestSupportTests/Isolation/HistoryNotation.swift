import LSMTxTestSupport

/// Histories in the notation of the literature, for tests of the judge. A step is a letter, the transaction's digit, and
/// what belongs to it:
///
///     b1            begin                 p1            savepoint
///     r1a=5         get; 0 for no value   u1.0          back to savepoint 0
///     R1a=5         get unguarded         g1[a-c)       guard a range
///     w1a=5         put                   c1            commit
///     d1a           delete                x1            commit that fails with a conflict
///     D1[a-c)       delete a range        a1            rollback
///     s1[a-c)=a1,b2 a scan to its end     S1[a-c)=b2,a1 the same in reverse
///     s1[a-c)/1=a1  with a limit
///     o1[a-c)       a scan begins         n1.0=a1       scan 0 shows an entry; `n1.0=-` its end
///
/// Keys are `a` to `d`; `e` is the end.
enum HistoryNotation {
    static func history(
        _ level: IsolationLevel, from initial: [Int], _ steps: String, to final: [Int],
        levels: [Int: IsolationLevel] = [:]
    ) -> IsolationHistory {
        var history = IsolationHistory(initial: initial)
        history.final = final
        var scans: [Int: Int] = [:]
        var timestamp: UInt64 = 0
        for step in steps.split(separator: " ") {
            let text = Array(step)
            let who = Int(String(text[1])) ?? 0
            let rest = String(text[2...])
            func note(_ step: IsolationHistory.Step) { history.entries.append(.init(who, step)) }
            switch text[0] {
            case "b": note(.begin(levels[who] ?? level))
            case "r": note(.get(key: key(text[2]), value: number(rest)))
            case "R": note(.getUnguarded(key: key(text[2]), value: number(rest)))
            case "g": note(.guarding(span(text)))
            case "w": note(.put(key: key(text[2]), value: number(rest)))
            case "d": note(.delete(key: key(text[2])))
            case "D": note(.deleteRange(span(text)))
            case "p": note(.savepoint)
            case "u": note(.rollbackTo(depth: Int(String(text[3])) ?? 0))
            case "c":
                timestamp += 1
                note(.commit(.committed(at: timestamp)))
            case "x": note(.commit(.conflict()))
            case "a": note(.rollback)
            case "n":
                let shown = rest.split(separator: "=")[1]
                note(.next(scan: Int(String(text[3])) ?? 0, shown == "-" ? nil : items(String(shown))[0]))
            case "o", "s", "S":
                let limit = text.firstIndex(of: "/").flatMap { Int(String(text[$0 + 1])) }
                note(.open(span(text), reverse: text[0] == "S", limit: limit))
                let scan = scans[who, default: 0]
                scans[who] = scan + 1
                guard text[0] != "o" else { continue }
                let parts = rest.split(separator: "=", maxSplits: 1)
                for item in items(parts.count > 1 ? String(parts[1]) : "") { note(.next(scan: scan, item)) }
                note(.next(scan: scan, nil))
            default: preconditionFailure("\(step) is not a step")
            }
        }
        return history
    }

    private static func key(_ letter: Character) -> Int { Int(letter.asciiValue ?? 0) - 97 }

    private static func number(_ text: String) -> Int { Int(text.split(separator: "=").last ?? "") ?? 0 }

    private static func span(_ text: [Character]) -> KeySpan { KeySpan(2 * key(text[3]) + 1, 2 * key(text[5]) + 1) }

    private static func items(_ text: String) -> [IsolationHistory.Item] {
        text.split(separator: ",").map { item in
            IsolationHistory.Item(key(item.first ?? "a"), Int(item.dropFirst()) ?? 0)
        }
    }
}
