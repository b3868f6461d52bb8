/// Finds the word that was probably meant.
package enum Suggestion {
    /// The closest of `candidates`, if it is close enough to be a slip of the fingers.
    package static func closest(to word: String, among candidates: [String]) -> String? {
        let best = candidates.map { (word: $0, distance: distance(word, $0)) }.min { $0.distance < $1.distance }
        guard let best, best.distance <= max(1, min(word.count, best.word.count) / 2), best.distance <= 3 else {
            return nil
        }
        return best.word
    }

    /// How many letters must be inserted, removed, replaced or swapped with their neighbour to get from `a` to `b`
    /// (optimal string alignment).
    static func distance(_ a: String, _ b: String) -> Int {
        let a = Array(a.unicodeScalars.prefix(64))
        let b = Array(b.unicodeScalars.prefix(64))
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
                row.append(best)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
