import LSMTxTestSupport
import Testing

/// Swift examples in documentation, and the comparison with code that is compiled.
enum DocumentedExamples {
    struct Example {
        let place: String
        let code: String
    }

    /// The blocks fenced as Swift in a Markdown file, or in the documentation comments of a Swift file.
    static func examples(of text: String, path: String) -> [Example] {
        let inComments = path.hasSuffix(".swift")
        var found: [Example] = []
        var lines: [Substring] = []
        var start: Int?
        for (number, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            var line = raw
            if inComments {
                line = line.drop { $0 == " " }
                guard line.hasPrefix("///") else {
                    start = nil
                    continue
                }
                line = line.dropFirst(3)
            }
            let fence = line.drop { $0 == " " }
            if let begun = start {
                if fence.hasPrefix("```") {
                    found.append(
                        Example(place: "\(path):\(begun)", code: normalised(lines.joined(separator: "\n"))))
                    start = nil
                } else if !fence.hasPrefix("import ") {
                    lines.append(line)
                }
            } else if fence.hasPrefix("```swift") {
                start = number + 1
                lines = []
            }
        }
        return found
    }

    /// Every run of blanks and line ends as one blank.
    static func normalised(_ code: String) -> String {
        code.split { $0.isWhitespace }.joined(separator: " ")
    }
}

@Suite struct DocumentationDriftTests {
    private static let paths =
        SourceTree.files(in: "Sources/LSMTx/Database") + SourceTree.files(in: "Sources/LSMTx/Vocabulary")
        + SourceTree.files(in: "Sources/LSMTx/FoundationOverlay")
        + SourceTree.files(in: "Sources/LSMTx/LSMTx.docc", endings: [".md"]) + ["README.md"]

    private static let examples = paths.flatMap {
        DocumentedExamples.examples(of: SourceTree.read($0), path: $0)
    }

    @Test func everyDocumentedExampleIsCompiledAndRun() {
        let compiled = SourceTree.files(in: "Tests/LSMTxTests/Documentation")
            .filter { $0.contains("DocumentationExamplesTests") }
            .map { DocumentedExamples.normalised(SourceTree.read($0)) }
        for example in Self.examples {
            #expect(!example.code.isEmpty, "\(example.place)")
            let isCompiled = compiled.contains { $0.contains(example.code) }
            #expect(isCompiled, "\(example.place) is not in DocumentationExamplesTests: \(example.code)")
        }
    }

    @Test func examplesAreFound() {
        for place in [
            "Database/Database.swift", "Vocabulary/KeyRange.swift", "LSMTx.docc/Transactions.md", "README.md",
        ] {
            #expect(Self.examples.contains { $0.place.contains(place) }, "\(place)")
        }
        let source =
            "    /// Text.\n    /// ```swift\n    /// let a = 1\n    ///\n    /// f(a)\n    /// ```\nlet b = 2\n"
        let found = DocumentedExamples.examples(of: source, path: "a.swift")
        #expect(found.map(\.code) == ["let a = 1 f(a)"])
        #expect(found.map(\.place) == ["a.swift:2"])
        let article = "# A\n```swift\nimport LSMTx\n\nlet c = 3\n```\n```sh\nls\n```\n"
        #expect(DocumentedExamples.examples(of: article, path: "a.md").map(\.code) == ["let c = 3"])
    }

    private static func article(_ name: String) -> String { SourceTree.read("Sources/LSMTx/LSMTx.docc/\(name).md") }

    @Test func everyRuleThatCommentsNameIsDefined() {
        let recovery = Self.article("Recovery")
        var named: Set<Substring> = []
        for path in SourceTree.files(in: "Sources/LSMTx") {
            for match in SourceTree.read(path).matches(of: /\((R[0-9]+)[ ,)]/) { named.insert(match.1) }
        }
        #expect(named.contains("R4"))
        for rule in named.sorted() { #expect(recovery.contains("**\(rule), "), "\(rule) is not in Recovery.md") }
    }

    @Test func everyLayerIsInTheArchitecture() {
        let folders = Set(
            SourceTree.files(in: "Sources/LSMTx").map { $0.split(separator: "/")[2] }.filter { !$0.hasSuffix(".swift") }
        )
        #expect(folders.contains("Storage"))
        let architecture = Self.article("Architecture")
        for folder in folders.sorted() {
            #expect(architecture.contains("\n| `\(folder)` |"), "\(folder) is not in Architecture.md")
        }
    }

    @Test func everyPublicTypeIsOnTheFirstPage() {
        let page = Self.article("LSMTx")
        var types: Set<Substring> = []
        for folder in ["Database", "Vocabulary"] {
            for path in SourceTree.files(in: "Sources/LSMTx/\(folder)") {
                // At the start of a line: nested types are listed by the type that they belong to.
                let declaration =
                    /^(?:@nonexhaustive )?public (?:final )?(?:class|struct|enum|protocol|actor|typealias) (\w+)/
                for match in SourceTree.read(path).matches(of: declaration.anchorsMatchLineEndings()) {
                    types.insert(match.1)
                }
            }
        }
        #expect(types.contains("Database"))
        for type in types.sorted() { #expect(page.contains("- ``\(type)``"), "\(type) is not in LSMTx.md") }
    }
}
