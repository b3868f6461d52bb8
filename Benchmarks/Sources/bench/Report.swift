import Foundation

/// Prints the table: median, lowest and highest of the runs, and the goal.
struct Report {
    let samples: [Sample]

    func print() {
        let rawSync = median(of: .rawSync, \.value)
        Swift.print(
            Self.padded("row", 18, left: true), Self.padded("median", 14), Self.padded("lowest", 14),
            Self.padded("highest", 14), Self.padded("cpu ns/op", 10), Self.padded("goal", 14),
            "      aborts per 100, most attempts")
        for row in Row.allCases {
            guard let middle = median(of: row, \.value) else { continue }
            let values = samples.filter { $0.row == row }.map(\.value)
            let cpu = median(of: row, \.cpuNanoseconds) ?? 0
            let goal = row.goal(rawSync: rawSync)
            let isMet = goal.map { row.unit == .perSecond ? middle >= $0 : middle <= $0 }
            Swift.print(
                Self.padded(row.rawValue, 18, left: true), Self.padded(Self.text(middle, row), 14),
                Self.padded(Self.text(values.min() ?? 0, row), 14), Self.padded(Self.text(values.max() ?? 0, row), 14),
                Self.padded(cpu > 0 ? String(Int(cpu)) : "", 10),
                Self.padded(goal.map { Self.text($0, row) } ?? "", 14),
                Self.padded(isMet.map { $0 ? "met" : "MISSED" } ?? "", 6, left: true), aborts(in: row))
        }
    }

    private func aborts(in row: Row) -> String {
        guard let middle = median(of: row, { $0.abortsPerHundred ?? 0 }) else { return "" }
        let most = samples.filter { $0.row == row }.compactMap(\.mostAttempts).max()
        return most.map { String(format: "%.2f, %d", middle, $0) } ?? ""
    }

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(samples).write(to: URL(fileURLWithPath: path))
    }

    private func median(of row: Row, _ field: (Sample) -> Double) -> Double? {
        let values = samples.filter { $0.row == row }.map(field).sorted()
        guard !values.isEmpty else { return nil }
        return (values[(values.count - 1) / 2] + values[values.count / 2]) / 2
    }

    private static func text(_ value: Double, _ row: Row) -> String {
        switch row.unit {
        case .perSecond: "\(grouped(Int(value)))\(row.unit.rawValue)"
        case .megabytes: String(format: "%.1f %@", value, row.unit.rawValue)
        case .milliseconds: String(format: "%.2f %@", value, row.unit.rawValue)
        }
    }

    private static func grouped(_ number: Int) -> String {
        var digits = String(number)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return ([digits] + groups).joined(separator: ",")
    }

    private static func padded(_ text: String, _ width: Int, left: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return left ? text + space : space + text
    }
}
