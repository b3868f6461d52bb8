import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTxSpecs

@Suite struct SpecRoundTripTests {
    @Test func whatIsPrintedIsReadAsTheSameSpec() throws {
        #if DEBUG
        let seeds: UInt64 = 1_000
        #else
        let seeds: UInt64 = 50_000
        #endif
        for seed in 0..<seeds {
            var generator = RandomSpec(seed: seed)
            let spec = generator.next()
            let text = spec.description
            do throws(SpecErrors) {
                let again = try Spec(parsing: text)
                #expect(again == spec, "seed \(seed)")
                #expect(again.description == text, "seed \(seed)")
            } catch {
                Issue.record("seed \(seed): \(error)\n\(text)")
                return
            }
        }
    }

    @Test(arguments: SpecFiles.paths)
    func everySpecOfTheProjectIsReadAndPrinted(_ path: String) throws {
        let spec = try Spec(parsing: SpecFiles.read(path), file: path)
        #expect(try Spec(parsing: spec.description) == spec)
        #expect(spec.anomaly != nil, "\(path) names no anomaly")
        #expect(!spec.sources.isEmpty, "\(path) does not say where it is from")
        #expect(!spec.schedules.isEmpty)
    }

    @Test func thereAreSpecsForTheWholeCatalogue() {
        var rows: Set<Int> = []
        for path in SpecFiles.paths {
            for match in SpecFiles.read(path).matches(of: /# Row ([0-9]+)/) {
                if let row = Int(match.1) { rows.insert(row) }
            }
        }
        #expect(rows == Set(1...40))
    }

    @Test func everyExampleOfThePageIsRead() throws {
        let page = SpecFiles.read("Sources/LSMTxSpecs/LSMTxSpecs.docc/SpecLanguage.md")
        let examples = SpecFiles.blocks(of: page, language: "spec")
        #expect(examples.count >= 4)
        for example in examples {
            let spec = try Spec(parsing: example, file: "SpecLanguage.md")
            #expect(try Spec(parsing: spec.description) == spec)
        }
    }

    /// Changes, deletions, repetitions and splices at random places. Whatever comes of them is a spec or an error that
    /// names a place of the text.
    @Test func noTextTrapsAndEveryErrorHasAPlace() {
        let sources = SpecFiles.paths.map { Array(SpecFiles.read($0).utf8) }
        guard !sources.isEmpty else {
            Issue.record("no specs")
            return
        }
        #if DEBUG
        let rounds: UInt64 = 1_500
        #else
        let rounds: UInt64 = 100_000
        #endif
        let pieces = [
            "\"", "\\x", "$", "$a+", "->", "|", ":", "<=", "[", "\n", "\r", "\t", "\u{0}", "é", "one-of ", "9",
        ]
        for seed in 0..<rounds {
            var generator = SeededGenerator(seed: seed)
            var text = sources[Int.random(in: 0..<sources.count, using: &generator)]
            for _ in 0..<Int.random(in: 1...6, using: &generator) where !text.isEmpty {
                let place = Int.random(in: 0..<text.count, using: &generator)
                let end = min(text.count, place + Int.random(in: 1...12, using: &generator))
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: text[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: text.removeSubrange(place..<end)
                case 2: text.insert(contentsOf: text[place..<end], at: place)
                case 3: text.insert(contentsOf: pieces.randomElement(using: &generator)?.utf8 ?? "".utf8, at: place)
                default: text.removeSubrange(place...)
                }
            }
            let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            do throws(SpecErrors) {
                let spec = try Spec(parsing: text)
                #expect((try? Spec(parsing: spec.description)) == spec, "seed \(seed)")
            } catch {
                #expect((1...SpecErrors.maximum).contains(error.errors.count), "seed \(seed)")
                for one in error.errors {
                    let isInText =
                        (1...max(1, lines.count)).contains(one.line) && one.column >= 1 && one.length >= 1
                        && one.column <= lines[one.line - 1].count + 1
                    #expect(isInText, "seed \(seed): \(one.summary)")
                    #expect(!one.description.isEmpty)
                }
                #expect(error.errors.map(\.position) == error.errors.map(\.position).sorted(), "seed \(seed)")
            }
        }
    }
}
