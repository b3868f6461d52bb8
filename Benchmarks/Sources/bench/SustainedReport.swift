import Foundation

/// What a sustained load showed.
struct SustainedReport {
    let options: SustainedOptions
    let timeline: Timeline
    let puts: LatencyHistogram
    let gets: LatencyHistogram
    /// Passes of the snapshot's scan, the last one in part.
    let scans: Double
    /// Bytes given to the system to write while keys were overwritten.
    let writtenBytes: UInt64?
    let filledBytes: UInt64
    let waits: String
    let closeSeconds: Double
    let closedBytes: UInt64

    private static let pauseGoal = 100.0

    var userBytes: UInt64 { puts.count * UInt64(Key.byteCount + Value.byteCount) }

    func print() {
        let perSecond = timeline.seconds.map(\.puts).sorted()
        line("data", "\(options.count) keys, \(options.dataMegabytes) MB; cache \(options.cacheBytes >> 20) MiB")
        line("puts", "\(puts.count) in \(options.seconds) s: \(Int(puts.count) / options.seconds)/s")
        line("puts, worst and median second", "\(perSecond.first ?? 0)/s, \(perSecond[perSecond.count / 2])/s")
        line("put p50, p99, p99.9, longest", Self.quantiles(puts))
        line("get p50, p99, p99.9, longest", Self.quantiles(gets))
        line("scans of the snapshot", String(format: "%.1f, every entry as it was", scans))
        if let writtenBytes {
            let ratio = Double(writtenBytes) / Double(max(userBytes, 1))
            line("bytes written for each byte put", String(format: "%.2f", ratio))
        }
        let largest = timeline.seconds.map(\.fileBytes).max() ?? 0
        line("file after the fill, largest", "\(Self.megabytes(filledBytes)), \(Self.megabytes(largest))")
        line("what writers waited for", waits)
        line("close", String(format: "%.2f s, then %@", closeSeconds, Self.megabytes(closedBytes)))
        let longest = Double(max(puts.largest, gets.largest)) / 1e6
        line(
            "no pause over 100 ms",
            longest <= Self.pauseGoal ? "met" : String(format: "MISSED: %.0f ms", longest))
    }

    private func line(_ name: String, _ value: String) {
        Swift.print(name + String(repeating: " ", count: max(1, 34 - name.count)) + value)
    }

    private static func quantiles(_ histogram: LatencyHistogram) -> String {
        [histogram.value(at: 0.5), histogram.value(at: 0.99), histogram.value(at: 0.999), histogram.largest]
            .map { String(format: "%.3f ms", Double($0) / 1e6) }.joined(separator: ", ")
    }

    private static func megabytes(_ bytes: UInt64) -> String { String(format: "%.0f MB", Double(bytes) / 1e6) }

    /// The plot: throughput, pauses, the file, and what was written, second by second.
    var plot: Plot {
        let seconds = timeline.seconds
        var putBytes = 0.0
        let amplification = seconds.map { second -> Double in
            putBytes += Double(second.puts * (Key.byteCount + Value.byteCount))
            return putBytes > 0 ? Double(second.writtenBytes ?? 0) / putBytes : 0
        }
        return Plot(
            title: "Random overwrites of \(options.dataMegabytes) MB, a snapshot being scanned",
            panels: [
                Plot.Panel(
                    title: "puts, thousands a second",
                    lines: [.init(name: "puts", values: seconds.map { Double($0.puts) / 1e3 })]),
                Plot.Panel(
                    title: "longest call in each second, ms",
                    lines: [
                        .init(name: "put", values: seconds.map { Double($0.longestPut) / 1e6 }),
                        .init(name: "get", values: seconds.map { Double($0.longestGet) / 1e6 }),
                    ]),
                Plot.Panel(
                    title: "file, MB",
                    lines: [
                        .init(name: "length", values: seconds.map { Double($0.fileBytes) / 1e6 }),
                        .init(name: "on the device", values: seconds.map { Double($0.allocatedBytes) / 1e6 }),
                    ]),
                Plot.Panel(
                    title: "bytes written for each byte put, so far",
                    lines: [.init(name: "written", values: amplification)]),
            ])
    }
}
