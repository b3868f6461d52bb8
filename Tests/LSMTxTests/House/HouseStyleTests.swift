import LSMTxTestSupport
import Testing

/// What the formatter does not check. Each rule takes a file's text and returns what it finds.
enum HouseRules {
    static let maximumLines = 450

    static func tooLong(_ source: String) -> [String] {
        let count = lines(of: source).count
        return count > maximumLines ? ["\(count) lines, at most \(maximumLines) are allowed"] : []
    }

    /// Marks of work that was left undone.
    static func unfinished(_ source: String) -> [String] {
        // Spelled in two parts, so that the rule does not report itself.
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
        var found: [String] = []
        for (number, line) in lines(of: source).enumerated() {
            let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
            for mark in marks where words.contains(Substring(mark)) { found.append("line \(number + 1): \(mark)") }
            let lower = line.lowercased()
            if lower.contains("fatal" + "error(\"not impl") || lower.contains("fatal" + "error(\"unimpl") {
                found.append("line \(number + 1): not implemented")
            }
        }
        return found
    }

    /// Promises to the compiler without a reason: a comment on the line, or on one of the three before or after it.
    static func unexplainedUnchecked(_ source: String) -> [String] {
        let lines = lines(of: source)
        let code = self.lines(of: CodeOnly.of(source))
        return code.indices.compactMap { index in
            guard code[index].contains("@unchecked") else { return nil }
            let nearby = lines[max(0, index - 3)...min(lines.count - 1, index + 3)]
            return nearby.contains { $0.contains("//") } ? nil : "line \(index + 1): @unchecked without a reason"
        }
    }

    static func undocumentedPublic(_ source: String) -> [String] {
        let lines = lines(of: source)
        let code = self.lines(of: CodeOnly.of(source))
        var found: [String] = []
        for index in code.indices {
            let words = code[index].split(separator: " ")
            // Attributes can stand before the modifier. Imports and extensions declare nothing of their own.
            guard let first = words.firstIndex(where: { !$0.hasPrefix("@") }),
                words[first] == "public" || words[first] == "open" || isLaterModifier(words, from: first),
                !words.contains("import"), !words[first...].dropFirst().starts(with: ["extension"])
            else { continue }
            var above = index - 1
            while above >= 0, lines[above].drop(while: \.isWhitespace).hasPrefix("@") { above -= 1 }
            // What implements a declaration of a header is documented there: HeaderTests says so.
            if index > 0, lines[index - 1] == "@c @implementation" { continue }
            if above < 0 || !lines[above].drop(while: \.isWhitespace).hasPrefix("///") {
                found.append("line \(index + 1): public without a documentation comment")
            }
        }
        return found
    }

    /// Whether `public` stands behind other modifiers, as in `static public func`.
    private static func isLaterModifier(_ words: [Substring], from first: Int) -> Bool {
        let modifiers: Set<Substring> = ["static", "final", "nonisolated", "mutating", "override", "indirect", "class"]
        guard let other = words[first...].firstIndex(where: { !modifiers.contains($0) }), other > first else {
            return false
        }
        return words[other] == "public"
    }

    static func unsafeFlags(_ manifest: String) -> [String] {
        CodeOnly.of(manifest).contains("unsafe" + "Flags") ? ["unsafe flags keep others from depending on it"] : []
    }

    private static func lines(of text: String) -> [Substring] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}

@Suite struct HouseStyleTests {
    private static func findings(_ paths: [String], _ rule: (String) -> [String]) -> [String] {
        paths.flatMap { path in rule(SourceTree.read(path)).map { "\(path): \($0)" } }
    }

    private static let sources = SourceTree.files(in: "Sources")

    @Test func sourcesAreFound() {
        #expect(Self.sources.contains("Sources/LSMTx/Vocabulary/StoreError.swift"))
        #expect(!SourceTree.read("Package.swift").isEmpty)
    }

    @Test func noFileIsTooLong() {
        #expect(Self.findings(Self.sources, HouseRules.tooLong) == [])
        #expect(HouseRules.tooLong(String(repeating: "a\n", count: 450)) == [])
        #expect(HouseRules.tooLong(String(repeating: "a\n", count: 451)).count == 1)
    }

    @Test func nothingIsLeftUndone() {
        #expect(Self.findings(Self.sources + SourceTree.files(in: "Tests"), HouseRules.unfinished) == [])
        for bad in [
            "// TO" + "DO: later", "a() // FIX" + "ME", "/* XX" + "X */", "fatal" + "Error(\"not implemented\")",
        ] {
            #expect(HouseRules.unfinished("let a = 1\n" + bad).count == 1, "\(bad)")
        }
        #expect(HouseRules.unfinished("let XXH3 = todoList") == [])
    }

    @Test func everyUncheckedPromiseIsExplained() {
        #expect(Self.findings(Self.sources, HouseRules.unexplainedUnchecked) == [])
        let bare = "struct A: @unchecked Sendable {\n    let a: Int\n}\n"
        #expect(HouseRules.unexplainedUnchecked(bare).count == 1)
        #expect(HouseRules.unexplainedUnchecked("// Why.\n" + bare) == [])
        #expect(HouseRules.unexplainedUnchecked(bare + "// Why.\n") == [])
        #expect(HouseRules.unexplainedUnchecked("// Too far.\n\n\n\n" + bare).count == 1)
        #expect(HouseRules.unexplainedUnchecked("let s = \"@unchecked\"") == [])
    }

    @Test func everyPublicDeclarationIsDocumented() {
        #expect(Self.findings(Self.sources, HouseRules.undocumentedPublic) == [])
        let bad = [
            "public func f() {}", "@inlinable public func f() {}", "@inlinable\npublic func f() {}",
            "// Not documentation.\npublic struct A {}", "    static public let a = 1", "open class A {}",
        ]
        for source in bad { #expect(HouseRules.undocumentedPublic(source).count == 1, "\(source)") }
        let good = [
            "/// Does it.\npublic func f() {}", "/// Does it.\n@inlinable\npublic func f() {}", "public import A",
            "@c @implementation\npublic func f() {}", "public extension A {}",
            "let publicName = 1", "let s = \"\"\"\npublic func f() {}\n\"\"\"",
        ]
        for source in good { #expect(HouseRules.undocumentedPublic(source) == [], "\(source)") }
    }

    @Test func noManifestAsksForUnsafeFlags() {
        let manifests = SourceTree.files(in: "", endings: ["Package.swift"])
        #expect(manifests.contains("Package.swift"))
        #expect(Self.findings(manifests, HouseRules.unsafeFlags) == [])
        #expect(HouseRules.unsafeFlags("let a = [.unsafe" + "Flags([])]").count == 1)
        #expect(HouseRules.unsafeFlags("// no unsafe" + "Flags") == [])
    }
}
