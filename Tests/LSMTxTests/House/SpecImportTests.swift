import LSMTxTestSupport
import Testing

/// What judges the store in `Sources/LSMTxSpecs` must not share its code.
@Suite struct SpecImportTests {
    private static let independent = ["Language", "Histories", "Checking", "Oracles", "Reporting"]

    /// The modules of the store, and of the devices under it, that a file imports.
    private static func imports(of source: String) -> [String] {
        CodeOnly.of(source).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"), place + 1 < words.count else { return nil }
            return words[words.count - 1].hasPrefix("LSMTx") ? String(words[words.count - 1]) : nil
        }
    }

    @Test func theOraclesAndCheckersImportNothingOfTheStore() {
        let files = SourceTree.files(in: "Sources/LSMTxSpecs").filter { path in
            Self.independent.contains { path.hasPrefix("Sources/LSMTxSpecs/\($0)/") }
        }
        #expect(files.count > 30)
        for path in files where path != "Sources/LSMTxSpecs/Language/Level.swift" {
            #expect(Self.imports(of: SourceTree.read(path)) == [], "\(path)")
        }
    }

    @Test func importsAreFound() {
        let source = "// import LSMTxOther\ninternal import LSMTx\nimport Testing\n    package import LSMTxSimulation\n"
        #expect(Self.imports(of: source) == ["LSMTx", "LSMTxSimulation"])
    }
}
