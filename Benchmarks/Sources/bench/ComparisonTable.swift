import Foundation

/// The comparison as text: for each row the medians, and below them the lowest and highest.
struct ComparisonTable {
    private let comparison: Comparison

    init(_ comparison: Comparison) { self.comparison = comparison }

    private static let nameWidth = 19
    private static let width = 14

    func print() {
        printFacts()
        let titles = comparison.engines.map(\.title)
        let head = titles.map { Self.padded($0) }.joined()
        Swift.print(Self.name("") + head + "   LSMTx beside the best of the others")
        for group in Row.Group.allCases {
            let rows = comparison.rows.filter { $0.group == group }
            guard !rows.isEmpty else { continue }
            Swift.print("\n\(group.rawValue)")
            for row in rows { print(row) }
            if group == .synced { printDevice() }
        }
        Swift.print(
            "\nEach row: the medians of \(comparison.options.runs) runs, and below them the lowest and highest.")
        for line in Figures.legend { Swift.print(line) }
        for note in comparison.notes { Swift.print("-  \(note)") }
    }

    private func printFacts() {
        let machine = comparison.machine
        Swift.print(
            "\(machine.processor), \(machine.processors) processors, \(machine.memoryGigabytes) GB; "
                + "\(machine.system); \(machine.fileSystem); \(machine.compiler)")
        Swift.print(
            "\(comparison.options.count) keys of \(Key.byteCount) bytes, values of \(Value.byteCount) bytes, "
                + "\(comparison.options.runs) runs, \(machine.date)")
        for engine in comparison.engines {
            let version = comparison.versions[engine.name] ?? ""
            Swift.print("  \(engine.title) \(version): \(engine.settings.joined(separator: "; ")).")
            let transactions = engine.isolation == .none ? "" : "; transactions: \(engine.isolation.rawValue)"
            Swift.print("    Commits that are not synced: \(engine.buffered.rawValue)\(transactions).")
        }
        Swift.print("")
    }

    private func printDevice() {
        for (row, figure) in [(Row.rawSync, comparison.rawSync), (.rawDurableWrite, comparison.rawDurableWrite)] {
            guard let figure else { continue }
            let text = "\(Figures.text(figure.median, row.unit)), \(range(figure, row))"
            Swift.print(Self.name(row.rawValue) + "  \(row.title): \(text)")
        }
    }

    private func print(_ row: Row) {
        let figures = comparison.engines.map { (engine: $0, figure: comparison.figure(row, $0.name)) }
        let medians = figures.map { engine, figure in
            Self.padded(figure.map { Figures.text($0.median, row.unit) + engine.marks(in: row) } ?? "-")
        }
        Swift.print(Self.name(row.rawValue) + medians.joined() + "   " + verdict(row))
        if comparison.options.runs > 1 {
            Swift.print(Self.name("") + figures.map { Self.padded($0.figure.map { range($0, row) } ?? "") }.joined())
        }
    }

    private func range(_ figure: Comparison.Figure, _ row: Row) -> String {
        Figures.range(figure, row.unit)
    }

    private func verdict(_ row: Row) -> String {
        guard let verdict = comparison.verdict(row) else { return "" }
        var parts: [String] = []
        if let ratio = verdict.ratio { parts.append("\(Figures.ratio(ratio)) of \(comparison.title(verdict.best))") }
        if let ratio = verdict.ratioInClass {
            parts.append(
                "\(Figures.ratio(ratio)) of \(comparison.title(verdict.bestOfSameClass)), the best of its class")
        }
        if let goal = verdict.goal, let isMet = verdict.isMet {
            parts.append("goal \(goal): \(isMet ? "met" : "MISSED")")
        }
        return parts.joined(separator: "; ")
    }

    private static func name(_ text: String) -> String {
        text + String(repeating: " ", count: max(1, nameWidth - text.count))
    }

    private static func padded(_ text: String) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }
}

/// How figures are written in the comparison.
enum Figures {
    static let legend = [
        "*  weaker: these commits are in the process's memory only and are lost when it is killed; all others are "
            + "with the system by then.",
        "°  snapshot isolation; the others' transactions are serializable.",
        "A ratio above 1 is LSMTx's favour, whichever way the row counts.",
    ]

    static func text(_ value: Double, _ unit: Row.Unit) -> String {
        switch unit {
        case .perSecond: short(value) + "/s"
        case .megabytes: String(format: value < 100 ? "%.1f MB" : "%.0f MB", value)
        case .milliseconds:
            String(format: value < 1 ? "%.2f ms" : value < 10 ? "%.1f ms" : "%.0f ms", value)
        }
    }

    /// Lowest and highest, without the unit.
    static func range(_ figure: Comparison.Figure, _ unit: Row.Unit) -> String {
        let ends = [figure.lowest, figure.highest].map { value in
            let text = text(value, unit)
            return unit == .perSecond ? String(text.dropLast(2)) : String(text.prefix { $0 != " " })
        }
        return ends.joined(separator: "–")
    }

    static func ratio(_ value: Double) -> String { String(format: value < 10 ? "%.2fx" : "%.1fx", value) }

    /// Three digits that count.
    static func short(_ value: Double) -> String {
        for (size, letter) in [(1e6, "M"), (1e3, "k")] where value >= size * 0.9995 {
            let scaled = value / size
            return String(format: scaled < 9.995 ? "%.2f%@" : scaled < 99.95 ? "%.1f%@" : "%.0f%@", scaled, letter)
        }
        return String(format: "%.0f", value)
    }
}
