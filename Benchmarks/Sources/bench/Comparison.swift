import Foundation

/// All that a run has measured, and what follows from it for LSMTx beside the best of the others.
struct Comparison {
    static let ownName = "lsmtx"

    let machine: Machine
    let options: Options
    let engines: [EngineFacts]
    let versions: [String: String]
    let samples: [Sample]

    struct Figure: Codable {
        let median: Double
        let lowest: Double
        let highest: Double
        var abortsPerHundred: Double?
    }

    /// How LSMTx does in a row.
    struct Verdict: Codable {
        /// The best of the others, and the best of those with the same promise where that is another one.
        let best: String?
        let bestOfSameClass: String?
        /// How many times as good as these LSMTx is: above 1 is better, whichever way the row counts.
        let ratio: Double?
        let ratioInClass: Double?
        let goal: String?
        let isMet: Bool?
    }

    /// The rows of which there is a figure, without those of the device.
    var rows: [Row] {
        Row.allCases.filter { row in !row.isOfDevice && samples.contains { $0.row == row } }
    }

    func figure(_ row: Row, _ engine: String) -> Figure? {
        Self.figure(samples.filter { $0.row == row && $0.engine == engine })
    }

    /// The device's rate of durable writes while LSMTx was measured, for it changes over time; over all engines' runs
    /// where LSMTx was not.
    var rawSync: Figure? {
        let all = samples.filter { $0.row == .rawSync }
        return Self.figure(all.filter { $0.engine == Self.ownName }) ?? Self.figure(all)
    }

    /// The same through a descriptor whose every write is durable.
    var rawDurableWrite: Figure? { Self.figure(samples.filter { $0.row == .rawDurableWrite }) }

    private static func figure(_ samples: [Sample]) -> Figure? {
        let values = samples.map(\.value).sorted()
        guard let lowest = values.first, let highest = values.last else { return nil }
        let aborts = samples.compactMap(\.abortsPerHundred)
        return Figure(
            median: median(values), lowest: lowest, highest: highest,
            abortsPerHundred: aborts.isEmpty ? nil : median(aborts.sorted()))
    }

    private static func median(_ values: [Double]) -> Double {
        (values[(values.count - 1) / 2] + values[values.count / 2]) / 2
    }

    func verdict(_ row: Row) -> Verdict? {
        guard let own = figure(row, Self.ownName)?.median else { return nil }
        let others = engines.filter { $0.name != Self.ownName }
        let best = best(of: others, in: row)
        let ownFacts = engines.first { $0.name == Self.ownName }
        let equals = others.filter { $0.promise(in: row) == ownFacts?.promise(in: row) }
        let equal = self.best(of: equals, in: row)
        func ratio(_ other: (name: String, value: Double)?) -> Double? {
            other.map { row.isHigherBetter ? own / $0.value : $0.value / own }
        }
        var goal: String?
        var isMet: Bool?
        switch row.aim {
        case .factor(let factor):
            goal = row.isHigherBetter ? String(format: "%gx", factor) : String(format: "at most %.1fx", factor)
            isMet = ratio(best).map { $0 >= factor }
        case .shareOfDevice(let share):
            goal = String(format: "%g of the device", share)
            isMet = rawSync.map { own >= $0.median * share }
        case .atMost(let limit):
            goal = String(format: "at most %g %@", limit, row.unit.rawValue)
            isMet = own <= limit
        case nil: break
        }
        let isSame = equal?.name == best?.name
        return Verdict(
            best: best?.name, bestOfSameClass: isSame ? nil : equal?.name, ratio: ratio(best),
            ratioInClass: isSame ? nil : ratio(equal), goal: goal, isMet: isMet)
    }

    private func best(of engines: [EngineFacts], in row: Row) -> (name: String, value: Double)? {
        let values = engines.compactMap { engine in
            figure(row, engine.name).map { (name: engine.name, value: $0.median) }
        }
        return row.isHigherBetter ? values.max { $0.value < $1.value } : values.min { $0.value < $1.value }
    }

    func title(_ engine: String?) -> String { engines.first { $0.name == engine }?.title ?? "" }

    /// Why engines lack rows, and for which rows of the report.
    var notes: [String] {
        var notes: [String] = []
        for engine in engines {
            let reasons = rows.compactMap { row in engine.lacks[row.rawValue].map { (row, $0) } }
            var seen: Set<String> = []
            for (_, reason) in reasons where !reason.isEmpty && seen.insert(reason).inserted {
                let names = reasons.filter { $0.1 == reason }.map(\.0.rawValue)
                notes.append("\(reason) (\(names.joined(separator: ", ")))")
            }
        }
        return notes
    }

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let document = Document(
            machine: machine,
            settings: .init(
                runs: options.runs, count: options.count, keyBytes: Key.byteCount, valueBytes: Value.byteCount,
                cacheBytes: options.cacheBytes, memtableBytes: options.memtableBytes),
            engines: engines.map { .init(facts: $0, version: versions[$0.name] ?? "") },
            rawSync: rawSync,
            rows: rows.map { row in
                .init(
                    row: row, title: row.title, unit: row.unit.rawValue,
                    figures: Dictionary(
                        uniqueKeysWithValues: engines.compactMap { engine in
                            figure(row, engine.name).map { (engine.name, $0) }
                        }),
                    verdict: verdict(row))
            },
            samples: samples)
        try encoder.encode(document).write(to: URL(fileURLWithPath: path))
    }

    private struct Document: Encodable {
        struct Settings: Encodable {
            let runs: Int
            let count: Int
            let keyBytes: Int
            let valueBytes: Int
            let cacheBytes: Int
            let memtableBytes: Int
        }

        struct Measured: Encodable {
            let facts: EngineFacts
            let version: String
        }

        struct Line: Encodable {
            let row: Row
            let title: String
            let unit: String
            let figures: [String: Figure]
            let verdict: Verdict?
        }

        let machine: Machine
        let settings: Settings
        let engines: [Measured]
        let rawSync: Figure?
        let rows: [Line]
        let samples: [Sample]
    }
}

extension EngineFacts {
    /// What a figure stands for: engines are of one class in a row where this is the same.
    struct Promise: Equatable {
        let safety: Safety?
        let isolation: Isolation?
    }

    func promise(in row: Row) -> Promise {
        Promise(safety: safety(in: row), isolation: row.isTransaction ? isolation : nil)
    }

    /// What of a figure is less than LSMTx promises, as marks that the legend explains.
    func marks(in row: Row) -> String {
        (safety(in: row) == .weaker ? "*" : "") + (promise(in: row).isolation == .snapshot ? "°" : "")
    }
}
