import Testing

/// The catalogue's page and the specs agree about the numbers of the rows, and every spec says where it is from.
@Suite struct SpecCatalogueTests {
    @Test func everyRowHasItsSpec() {
        let page = SpecFiles.read("Sources/LSMTxSpecs/LSMTxSpecs.docc/Catalogue.md")
        var rows: [Int] = []
        for line in page.split(separator: "\n") where line.hasPrefix("| ") {
            let cells = line.split(separator: "|").map { $0.filter { $0 != " " && $0 != "`" } }
            guard cells.count == 6, let row = Int(cells[0]) else { continue }
            rows.append(row)
            let first = SpecFiles.read("Specs/\(cells[5]).spec").prefix { $0 != "\n" }
            let number = first.dropFirst("# Row ".count).prefix { $0.isNumber }
            #expect(first.hasPrefix("# Row ") && Int(number) == row, "\(cells[5]) is said to be row \(row)")
        }
        #expect(rows == Array(1...40))
    }

    @Test func everySpecNamesItsSource() {
        for path in SpecFiles.paths {
            let isNamed = SpecFiles.read(path).split(separator: "\n").contains { $0.hasPrefix("see \"") }
            #expect(isNamed, "\(path)")
        }
    }
}
