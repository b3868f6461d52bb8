import CLSMTx
import LSMTx
import LSMTxTestSupport
import Testing

/// The header, the linker's list and the tests, held against each other. That the functions are as they are declared is
/// the compiler's to say: each is an `@c @implementation`.
@Suite struct HeaderTests {
    private static let header = SourceTree.read("Sources/CLSMTx/include/lsmtx.h")

    /// The names of the functions that it declares.
    private static let functions = header.matches(of: /LSMTX_API [a-z0-9_ ]+[ *](lsmtx_[a-z0-9_]+)\(/).map {
        String($0.1)
    }

    private static let tests = SourceTree.files(in: "Tests/LSMTxCTests").map { SourceTree.read($0) }

    @Test func functionsAreFound() {
        #expect(Self.functions.count > 100)
        #expect(Set(Self.functions).count == Self.functions.count)
        #expect(Self.header.matches(of: /LSMTX_API [a-z]/).count == Self.functions.count)
    }

    @Test func everyFunctionIsCalledByATest() {
        for function in Self.functions {
            #expect(Self.tests.contains { $0.contains("\(function)(") || $0.contains(" \(function)\n") }, "\(function)")
        }
    }

    @Test func everyFunctionIsImplementedAgainstTheHeader() {
        let sources = SourceTree.files(in: "Sources/LSMTxC").map { SourceTree.read($0) }
        for function in Self.functions {
            #expect(sources.contains { $0.contains("@c @implementation\npublic func \(function)(") }, "\(function)")
        }
    }

    @Test func everyFunctionHasAComment() {
        let lines = Self.header.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where line.hasPrefix("LSMTX_API ") {
            #expect(index > 0 && lines[index - 1].hasSuffix("*/"), "\(line)")
        }
        #expect(lines.allSatisfy { $0.count <= 120 })
    }

    @Test func theLinkerExportsTheFunctionsAndNothingElse() {
        let map = SourceTree.read("Sources/LSMTxC/lsmtx.map")
        #expect(map.hasPrefix("LSMTX_0.1 {\n"))
        let exported = map.matches(of: /\s(lsmtx_[a-z0-9_]+);/).map { String($0.1) }
        #expect(exported == Self.functions.sorted())
        #expect(map.contains("    local:\n        *;\n};\n"))
    }

    @Test func theArticleNamesEveryFunctionAndEveryPublicTypeOfSwift() throws {
        let article = SourceTree.read("Sources/LSMTx/LSMTx.docc/CInterface.md")
        for function in Self.functions { #expect(article.contains("`\(function)`"), "\(function)") }
        let declaration = try Regex(
            #"^(?:@nonexhaustive )?public (?:final )?(?:struct|class|enum|protocol) (\w+)"#,
            as: (Substring, Substring).self)
        for folder in ["Database", "Vocabulary"] {
            for path in SourceTree.files(in: "Sources/LSMTx/\(folder)") {
                for match in SourceTree.read(path).matches(of: declaration.anchorsMatchLineEndings()) {
                    #expect(article.contains("``\(match.1)"), "\(match.1)")
                }
            }
        }
    }

    @Test func everyFailureIsReachedByATest() {
        let failures = Self.header.matches(of: /(LSMTX_[A-Z_]+) = -([0-9]+)/)
        #expect(failures.count == StoreError.Code.allCases.count)
        #expect(failures.map { $0.2 } == (1...failures.count).map { Substring(String($0)) })
        let reached = SourceTree.read("Tests/LSMTxCTests/ErrorCodeTests.swift")
        for failure in failures { #expect(reached.contains("expectFailure(\(failure.1)"), "\(failure.1)") }
    }

    @Test func everyStatusHasItsName() {
        for status in Self.header.matches(of: /(LSMTX_[A-Z_]+) = (-[0-9]+)/) {
            #expect(C.text(lsmtx_status_name(Int32(status.2)!)) == status.1)
        }
        for (status, name) in [
            (C.ok, "LSMTX_OK"), (C.absent, "LSMTX_ABSENT"), (C.end, "LSMTX_END"), (C.tooSmall, "LSMTX_TOO_SMALL"),
            (-1000, "unknown status"), (1000, "unknown status"),
        ] {
            #expect(C.text(lsmtx_status_name(status)) == name)
        }
    }

    @Test func limitsAndVersionsAreTheStores() {
        #expect(Int(LSMTX_MAX_KEY_BYTES) == Limits.maximumKeyBytes)
        #expect(Int(LSMTX_MAX_VALUE_BYTES) == Limits.maximumValueBytes)
        #expect(Int(LSMTX_LARGE_VALUE_BYTES) == Limits.largeValueBytes)
        #expect(Int(LSMTX_MAX_OPERAND_BYTES) == Limits.largeValueBytes)
        #expect(Int(LSMTX_MAX_NAME_BYTES) == NamedSnapshot.maximumNameBytes)
        #expect(Self.header.contains("UINT64_C(\(Limits.maximumFileBytes))"))
        #expect(Int(LSMTX_VERSIONSTAMP_BYTES) == Timestamp(rawValue: 1).versionstamp.count)
        let version = [LSMTX_VERSION_MAJOR, LSMTX_VERSION_MINOR, LSMTX_VERSION_PATCH]
        #expect(C.text(lsmtx_version_text()) == version.map { String($0) }.joined(separator: "."))
        #expect(lsmtx_version_number() == UInt32(LSMTX_VERSION_NUMBER))
        #expect(LSMTX_VERSION_NUMBER == version[0] * 1_000_000 + version[1] * 1_000 + version[2])
        #expect(lsmtx_format_version() == Superblock.formatVersion)
    }
}
