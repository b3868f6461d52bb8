import LSMTx
import Testing

@testable import LSMTxSpecs

// Release builds cannot have the faults.
#if DEBUG
/// Whatever is wrong with isolation in the store, some spec says so.
@Suite struct SeededFaultTests {
    private static let faults: [String: SeededFaults] = [
        "skipReadValidation": .skipReadValidation, "trackYieldedKeys": .trackYieldedKeys,
        "forgetAbsentKeys": .forgetAbsentKeys, "dropEvidenceAtFlush": .dropEvidenceAtFlush,
        "acknowledgeBeforeSync": .acknowledgeBeforeSync, "reuseReadTimestamp": .reuseReadTimestamp,
        "releaseReadPointsEarly": .releaseReadPointsEarly, "includeHighBound": .includeHighBound,
        "forgetSavepointReads": .forgetSavepointReads, "keepUndoneWrites": .keepUndoneWrites,
        "skipWriteConflicts": .skipWriteConflicts, "keepStatementTimestamp": .keepStatementTimestamp,
        "scanNewest": .scanNewest, "ignoreGuards": .ignoreGuards, "hideOwnWritesFromScans": .hideOwnWritesFromScans,
        "dropTombstonesAtFlush": .dropTombstonesAtFlush, "validateBlindWrites": .validateBlindWrites,
    ]

    /// A row of the page's table: a fault, and a spec that finds it.
    struct Row: CustomStringConvertible, Sendable {
        let fault: String
        let spec: String

        var description: String { "\(fault): \(spec)" }
    }

    static let rows: [Row] = {
        let page = SpecFiles.read("Sources/LSMTxSpecs/LSMTxSpecs.docc/Architecture.md")
        return page.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { $0.filter { $0 != " " } }
            guard cells.count == 3, cells[0].hasPrefix("`"), cells[2].hasSuffix(".spec`") else { return nil }
            return Row(fault: cells[0].filter { $0 != "`" }, spec: cells[2].filter { $0 != "`" })
        }
    }()

    @Test func thePageNamesEveryFault() {
        #expect(Set(Self.rows.map(\.fault)) == Set(Self.faults.keys))
        #expect(Self.rows.count == Self.faults.count)
    }

    /// Without the fault the spec holds: `ProjectSpecTests`.
    @Test(arguments: rows)
    func aSpecFindsEveryFault(_ row: Row) throws {
        let path = "Specs/\(row.spec)"
        var spec = try Spec(parsing: SpecFiles.read(path), file: path)
        spec.explore = nil
        var options = SpecRunner.Options()
        options.seededFaults = try #require(Self.faults[row.fault])
        let report = try SpecRunner(spec, file: path, options: options).run()
        #expect(report.failed > 0, "\(row.spec) holds in spite of \(row.fault)")
    }
}
#endif
