import Testing

@testable import LSMTxSpecs

/// Every error, with its place and its words.
@Suite struct SpecErrorTests {
    /// A text, and its errors: `line:column+length|found|expected|hint`, one in a line; `-` for no hint.
    struct Case: Sendable, CustomTestStringConvertible {
        let source: String
        let errors: String
        var testDescription: String { errors }

        init(_ source: String, _ errors: String) {
            self.source = source
            self.errors = errors.replacing("OPS", with: SpecWords.operations.joined(separator: ", "))
        }
    }

    private static func errors(of source: String) -> [SpecError] {
        do throws(SpecErrors) {
            _ = try Spec(parsing: source, file: "a.spec")
            return []
        } catch {
            return error.errors
        }
    }

    @Test(arguments: structure + results)
    func everyErrorSaysWhereAndWhat(_ example: Case) {
        let found = Self.errors(of: example.source).map {
            "\($0.line):\($0.column)+\($0.length)|\($0.found)|\($0.expected)|\($0.hint ?? "-")"
        }
        #expect(found.joined(separator: "\n") == example.errors)
    }

    @Test func anErrorIsShownWithItsLineAndAMark() throws {
        let source = "spec \"a\"\nschedule \"s\"\n\tT1 commit -> conflit\n"
        let error = try #require(Self.errors(of: source).first)
        #expect(
            error.description == """
                a.spec:3:15: error: found "conflit", expected what a commit can give: ok, conflict, unknown, gone, any, \
                skip or one-of
                    \tT1 commit -> conflit
                    \t             ^~~~~~~
                    hint: did you mean "conflict"?
                """)
        #expect(error.summary.hasPrefix("a.spec:3:15: error: found \"conflit\", expected"))
        #expect(error.file == "a.spec")
        #expect(error.sourceLine == "\tT1 commit -> conflit")
        #expect(SpecErrors(errors: [error, error]).description == "\(error)\n\(error)")
    }

    @Test func theColumnCountsLettersNotBytes() throws {
        let error = try #require(Self.errors(of: "spec \"äöü\" x").first)
        #expect(error.column == 12)
    }

    @Test func twentyErrorsAreReportedAndNoMore() {
        let source = "spec \"a\"\n" + String(repeating: "nonsense\n", count: 30)
        let errors = Self.errors(of: source)
        #expect(errors.map(\.line) == Array(2...21))
        let schedule = "spec \"a\"\nschedule \"s\"\n" + String(repeating: "T get $\n", count: 30)
        #expect(Self.errors(of: schedule).count == SpecErrors.maximum)
    }

    @Test func bytesThatAreNoTextAreRefusedWithTheirLine() throws {
        let bytes = Array("spec \"a\"\nsee \"".utf8) + [0xFF] + Array("\"\n".utf8)
        do throws(SpecErrors) {
            _ = try Spec(parsing: bytes, file: "a.spec")
            Issue.record("it was read")
        } catch {
            #expect(error.errors.map(\.line) == [2])
            #expect(error.errors.map(\.found) == ["bytes that are not UTF-8"])
        }
        let spec = try Spec(parsing: Array("spec \"a\"\n".utf8))
        #expect(spec.name == "a")
    }

    @Test func aWordThatIsFarFromAllOthersIsNotTakenForOne() {
        #expect(SpecWords.closest(to: "commti", among: SpecWords.operations) == "commit")
        #expect(SpecWords.closest(to: "rolback", among: SpecWords.operations) == "rollback")
        #expect(SpecWords.closest(to: "xyz", among: SpecWords.operations) == nil)
        #expect(SpecWords.closest(to: "", among: SpecWords.operations) == nil)
        #expect(SpecWords.closest(to: "r", among: SpecWords.levels) == "rc")
    }
}
