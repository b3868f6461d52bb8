import LSMTx
import LSMTxCLI
import LSMTxSimulation
import Testing

/// What a file is made of, as a user sees it.
@Suite("The analyze command")
final class AnalyzeCommandTests: CommandSuite {
    /// Some tables with versions, tombstones, a deleted range and large values.
    private func fill() throws {
        var configuration = Configuration()
        configuration.memtableBytes = 64 << 10
        configuration.extentBytes = 16 << 10
        configuration.durability = .buffered
        let database = try Database(path: file, configuration: configuration)
        var generator = SeededGenerator(seed: 5)
        for round in 0..<40 {
            try database.write { transaction in
                for _ in 0..<50 {
                    let key = "user/<\(Int.random(in: 0..<800, using: &generator))>"
                    try transaction.put(
                        key, [UInt8](repeating: 0x78, count: Int.random(in: 0..<300, using: &generator)))
                }
                try transaction.delete("user/<\(round)>")
            }
        }
        try database.write { try $0.put("large", [UInt8](repeating: 1, count: 100_000)) }
        try database.write { try $0.deleteRange(KeyRange(prefix: "user/<9")) }
        try database.close()
    }

    @Test func theTextTellsOfLevelsSpaceAndDistributions() throws {
        try fill()
        let result = try run("analyze", file)
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errorText)")
        for title in [
            "The file", "Levels", "Bytes", "Versions by age", "Versions of a key", "Keys by size", "Values by size",
        ] {
            #expect(result.text.contains("\n\(title)\n"), "\(title)")
        }
        #expect(result.text.contains("█") && !result.text.contains("\u{1B}"))
    }

    @Test func theJSONAddsUp() throws {
        try fill()
        let before = contents(of: file)
        let report = try reportOf(file)
        #expect(report.extents.reduce(0) { $0 + $1.bytes } == report.fileBytes)
        #expect(UInt64(before.count) == report.fileBytes)
        var end: UInt64 = 0
        for extent in report.extents {
            #expect(extent.offset == end)
            end += extent.bytes
        }
        #expect(report.uses.reduce(0) { $0 + $1.bytes } == report.fileBytes)
        #expect(report.levels.reduce(0) { $0 + $1.entries } == report.versions)
        #expect(report.tables.reduce(0) { $0 + $1.tombstones } == report.tombstones)
        #expect(report.ages.reduce(0) { $0 + $1.count } == report.versions)
        #expect(report.versionsPerKey.reduce(0) { $0 + $1.count } == report.keys)
        #expect(report.valueSizes.reduce(0) { $0 + $1.count } == report.versions - report.tombstones)
        #expect(report.largeValues == 1 && report.bytes.largeValues == 100_000)
        #expect(contents(of: file) == before)
        let json = try run("analyze", file, "--json").text
        for name in ["\"extents\"", "\"keySizes\"", "\"largeValueExtents\"", "\"smallestKey\" : \"large\""] {
            #expect(json.contains(name), "\(name)")
        }
    }

    private func reportOf(_ path: String) throws -> AnalysisReport {
        var configuration = Configuration()
        configuration.readOnly = true
        let database = try Database(path: path, configuration: configuration)
        let inspection = try database.inspect(now: 0, ageLimits: AnalysisReport.ageLimits.map(\.milliseconds)) { _, _ in
        }
        let report = AnalysisReport(inspection, statistics: try database.statistics, path: path)
        try database.close()
        return report
    }

    @Test func thePageNeedsNothingElseAndIsWellFormed() throws {
        try fill()
        let page = folder.file("page.html")
        let result = try run("analyze", file, "--html", page)
        #expect(result.status == 0 && result.output.isEmpty && result.errors.isEmpty, "\(result.errorText)")
        let text = String(decoding: contents(of: page), as: UTF8.self)
        #expect(text.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
        for word in ["<script", "http:", "https:", "url(", "<link", "<img", "@import"] {
            #expect(!text.contains(word), "\(word)")
        }
        #expect(text.contains("prefers-color-scheme: dark"))
        // A key's own characters do not end a tag.
        #expect(text.contains("user/&lt;") && !text.contains("user/<"))
        #expect(Self.unbalanced(text) == [])
    }

    /// Names of elements that are not closed, or in the wrong order.
    private static func unbalanced(_ text: String) -> [String] {
        var open: [Substring] = []
        var wrong: [String] = []
        for match in text.matches(of: /<(\/?)([a-z0-9]+)[^>]*?(\/?)>/) {
            guard !["meta"].contains(match.2), match.3.isEmpty else { continue }
            if match.1.isEmpty {
                open.append(match.2)
            } else if open.popLast() != match.2 {
                wrong.append(String(match.2))
            }
        }
        return wrong + open.map(String.init)
    }

    @Test func anEmptyStoreHasAPageToo() throws {
        _ = try run("retention", file, "--all")
        _ = try run("put", file, "a", "1")
        let empty = folder.file("empty.lsmtx")
        try Database(path: empty).close()
        for path in [file, empty] {
            #expect(try run("analyze", path).status == 0)
            #expect(try run("analyze", path, "--json").status == 0)
            let page = try run("analyze", path, "--html", "-")
            #expect(page.status == 0 && Self.unbalanced(page.text) == [])
        }
        #expect(try run("analyze", folder.file("none")).status == 66)
    }
}
