import LSMTxSimulation
import LSMTxSpecs
import Testing

/// Random programs in random orders: whatever the store answers, the oracle of the level must explain.
@Suite struct RandomExplorationTests {
    private static func key(_ generator: inout SeededGenerator) -> String {
        ["a", "b", "b\\x00", "c", "\\xff", "\\xff\\xff"].randomElement(using: &generator).map { "\"\($0)\"" } ?? "a"
    }

    private static func modifiers(_ generator: inout SeededGenerator) -> String {
        (Bool.random(using: &generator) ? " limit \(Int.random(in: 1...2, using: &generator))" : "")
            + (Bool.random(using: &generator) ? " reverse" : "")
    }

    private static func program(_ session: Int, mayGuard: Bool, _ generator: inout SeededGenerator) -> String {
        var steps: [String] = []
        var (hasCursor, hasSavepoint) = (false, false)
        for step in 0..<Int.random(in: 1...5, using: &generator) {
            let key = key(&generator)
            switch Int.random(in: 0..<14, using: &generator) {
            case 0...2: steps.append("get \(key)")
            case 3...5: steps.append("put \(key) v\(session)\(step)")
            case 6: steps.append("del \(key)")
            case 7: steps.append("del-range \(key) \(self.key(&generator))")
            case 8: steps.append("scan \(key) \(self.key(&generator))\(modifiers(&generator))")
            case 9: steps.append("prefix \(key)\(modifiers(&generator))")
            case 10:
                steps.append(
                    hasCursor
                        ? "next c \(Int.random(in: 1...3, using: &generator))"
                        : "open c a \"\\xff\\xff\\xff\"\(modifiers(&generator))")
                hasCursor = true
            case 11:
                steps.append(hasSavepoint ? "rollback-to s" : "savepoint s")
                hasSavepoint = true
            case 12: if mayGuard { steps.append("guard \(key)") }
            default:
                steps.append(Bool.random(using: &generator) ? "commit" : "rollback")
                (hasCursor, hasSavepoint) = (false, false)
            }
        }
        return "session S\(session): " + (steps + ["commit"]).joined(separator: "; ") + "\n"
    }

    private static func spec(_ seed: UInt64) -> String {
        var generator = SeededGenerator(seed: seed)
        // At read committed the store refuses guards.
        let mayGuard = Bool.random(using: &generator)
        var text = "spec \"random\"\n" + (mayGuard ? "levels si ser\n" : "")
        text += "setup\n  put a 0\n  put c 0\n" + (Bool.random(using: &generator) ? "  put \"\\xff\" 0\n" : "")
        for session in 1...Int.random(in: 2...3, using: &generator) {
            text += program(session, mayGuard: mayGuard, &generator)
        }
        if Bool.random(using: &generator) { text += "session db: flush; compact full\n" }
        return text + "explore sample 6 seed \(seed)\n"
    }

    @Test func everyLevelKeepsItsPromise() throws {
        #if DEBUG
        let seeds: UInt64 = 150
        #else
        let seeds: UInt64 = 6_000
        #endif
        var counts: [Spec.Count.Kind: [Int]] = [:]
        for seed in 0..<seeds {
            let text = Self.spec(seed)
            for run in try SpecRuns.report(text).explorations {
                let forbidden = run.witnesses.first { $0.isForbidden }
                let lines = forbidden?.lines.map { "\($0.session ?? "") \($0.text) -> \($0.actual)" } ?? []
                #expect(
                    forbidden == nil,
                    "seed \(seed) at \(run.level): \(forbidden?.forbidden ?? "")\n\(lines.joined(separator: "\n"))")
                for (kind, count) in run.counts {
                    counts[kind, default: [0, 0, 0]][Level.allCases.firstIndex(of: run.level) ?? 0] += count
                }
            }
        }
        // Otherwise nothing was tested.
        let anomalous = try #require(counts[.anomalous])
        let aborted = try #require(counts[.aborted])
        #expect(anomalous[0] > 10 && anomalous[1] > 0 && anomalous[2] == 0, "\(counts)")
        #expect(aborted[0] == 0 && aborted[1] > 10 && aborted[2] > 10, "\(counts)")
    }
}
