import LSMTxTestSupport
import Testing

/// Each folder of Sources/LSMTx is a layer, and uses only layers below its own.
///
/// 1. Collect the types that each folder declares at the top level of its files. Private ones cannot be used
///    elsewhere, and nested ones only through the outer type's name.
/// 2. In every file, look at each word that is not a member of something (`.word`).
/// 3. Report it when it is the name of a type of a folder above, or of a sibling, unless the file's own folder
///    declares the name too, at any depth.
enum LayerRules {
    /// From top to bottom. Folders in one row are siblings that do not know each other.
    static let rows: [[String]] = [
        ["FoundationOverlay"], ["Database"], ["Transactions"], ["Engine"], ["Compaction"], ["Iterators"], ["Versions"],
        ["Memtable", "Table", "WAL"], ["Storage"], ["Platform"], ["Encoding"], ["Vocabulary"],
    ]

    struct File {
        let path: String
        let folder: String
        let source: String
    }

    static func violations(in files: [File]) -> [String] {
        var violations: [String] = []
        var homes: [Substring: String] = [:]
        var localNames: [String: Set<Substring>] = [:]
        let tokens = files.map { CodeTokens.of(CodeOnly.of($0.source)) }
        for (file, tokens) in zip(files, tokens) {
            guard rank(file.folder) != nil else {
                violations.append("\(file.path): the folder is not a layer")
                continue
            }
            for declaration in declarations(in: tokens) {
                localNames[file.folder, default: []].insert(declaration.name)
                if declaration.isVisibleElsewhere { homes[declaration.name] = file.folder }
            }
        }
        for (file, tokens) in zip(files, tokens) {
            guard let own = rank(file.folder) else { continue }
            for (index, token) in tokens.enumerated() where token.isWord {
                guard let home = homes[token.text], home != file.folder, let other = rank(home), other <= own,
                    !isMember(tokens, index), localNames[file.folder]?.contains(token.text) != true
                else { continue }
                let relation = other == own ? "beside" : "above"
                violations.append("\(file.path):\(token.line): \(token.text) is of \(home), \(relation) \(file.folder)")
            }
        }
        return violations
    }

    private static func rank(_ folder: String) -> Int? { rows.firstIndex { $0.contains(folder) } }

    private static func isMember(_ tokens: [CodeTokens.Token], _ index: Int) -> Bool {
        guard index > 0, tokens[index - 1].text == "." else { return false }
        // `LSMTx.Name` is the type itself; `..<Name` a range up to it.
        guard index > 1 else { return true }
        return tokens[index - 2].text != "LSMTx" && tokens[index - 2].text != "."
    }

    private struct Declaration {
        let name: Substring
        let isVisibleElsewhere: Bool
    }

    private static func declarations(in tokens: [CodeTokens.Token]) -> [Declaration] {
        let keywords: Set<Substring> = ["struct", "class", "enum", "protocol", "actor", "typealias", "associatedtype"]
        var found: [Declaration] = []
        var depth = 0
        for (index, token) in tokens.enumerated() {
            if token.text == "{" { depth += 1 }
            if token.text == "}" { depth -= 1 }
            guard keywords.contains(token.text), index + 1 < tokens.count, tokens[index + 1].isWord,
                index == 0 || tokens[index - 1].text != "."
            else { continue }
            // `class func` and `class var` declare members.
            let name = tokens[index + 1].text
            guard !["func", "var", "let", "subscript"].contains(name) else { continue }
            var isPrivate = false
            var before = index - 1
            while before >= 0, tokens[before].line >= token.line - 1, tokens[before].isWord {
                if ["private", "fileprivate"].contains(tokens[before].text) { isPrivate = true }
                before -= 1
            }
            found.append(Declaration(name: name, isVisibleElsewhere: depth == 0 && !isPrivate))
        }
        return found
    }
}

@Suite struct LayerDirectionTests {
    private static let folder = "Sources/LSMTx"

    @Test func noFileNamesATypeOfALayerAboveOrBesideItsOwn() {
        let files = SourceTree.files(in: Self.folder).filter { !$0.contains(".docc/") }.map { path in
            let parts = path.split(separator: "/")
            return LayerRules.File(
                path: path, folder: parts.count > 3 ? String(parts[2]) : "", source: SourceTree.read(path))
        }
        #expect(files.count > 10)
        #expect(LayerRules.violations(in: files) == [])
    }

    private static func violations(_ sources: [(folder: String, source: String)]) -> [String] {
        LayerRules.violations(
            in: sources.map { LayerRules.File(path: "\($0.folder)/File.swift", folder: $0.folder, source: $0.source) })
    }

    @Test func aTypeOfALayerAboveIsReported() {
        let above = (folder: "Storage", source: "package final class StoreFile: Sendable {}")
        let uses = [
            "let file: StoreFile", "func f(_ a: [StoreFile]) {}", "extension StoreFile {}", "let f = LSMTx.StoreFile()",
            "let s = \"a \\(StoreFile.self) b\"", "let n = 0..<StoreFile.count",
        ]
        for use in uses {
            let found = Self.violations([above, (folder: "Platform", source: "\n" + use)])
            #expect(found == ["Platform/File.swift:2: StoreFile is of Storage, above Platform"], "\(use)")
        }
    }

    @Test func aSiblingIsReportedAndALayerBelowIsNot() {
        let table = (folder: "Table", source: "struct TableReader { let log: LogWriter }")
        let log = (folder: "WAL", source: "struct LogWriter {}")
        #expect(Self.violations([table, log]).count == 1)
        let compaction = (folder: "Compaction", source: "struct Job { let reader: TableReader, log: LogWriter }")
        #expect(Self.violations([log, compaction]) == [])
    }

    @Test func commentsStringsMembersAndOwnNamesAreNotUses() {
        let above = (
            folder: "Engine", source: "struct Store {}\nprivate struct Hidden {}\nstruct A { struct Inner {} }"
        )
        let quiet = [
            "// Store", "/* Store /* Store */ Store */", "let s = \"Store\"", "let s = \"\"\"\nStore \"Store\"\n\"\"\"",
            "let s = #\"Store \\(Store)\"#", "let s = Other.Store", "struct Other { struct Store {} }; let s: Store",
            "let h: Hidden", "let i: Inner", "let s = \"\\\"Store\"",
        ]
        for source in quiet {
            #expect(Self.violations([above, (folder: "Storage", source: source)]) == [], "\(source)")
        }
    }

    @Test func aFolderThatIsNoLayerIsReported() {
        #expect(Self.violations([(folder: "Util", source: "")]).count == 1)
        #expect(Self.violations([(folder: "", source: "")]).count == 1)
    }
}
