import Foundation

@main
enum Bench {
    static func main() {
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            if arguments.first == "sustained" {
                try sustain(SustainedOptions(Array(arguments.dropFirst())))
            } else if arguments.first == "c" {
                try CallCost(options: CallCostOptions(Array(arguments.dropFirst()))).run()
            } else {
                let options = try Options(arguments)
                if options.isSelfCheck { try SelfCheck(options).run() } else { try run(options) }
            }
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(1)
        }
    }

    private static func run(_ options: Options) throws {
        let engines = try Engines.wanted(options)
        let order = shuffledNumbers(options.count)
        let workspace = try Workspace(in: options.directory)
        defer { workspace.remove() }
        var samples: [Sample] = []
        var versions: [String: String] = [:]
        let start = Clock.nanoseconds
        for number in 1...options.runs {
            // Forwards and backwards in turn, so that no engine always has the same neighbour.
            for engine in number % 2 == 1 ? engines : engines.reversed() {
                var run = Run(engine: engine, options: options, workspace: workspace, number: number, order: order)
                do { try run.run() } catch { throw Failure("\(engine.name), run \(number): \(error)") }
                samples += run.samples
                versions[engine.name] = run.version
                if engines.count > 1 {
                    let seconds = (Clock.nanoseconds - start) / 1_000_000_000
                    FileHandle.standardError.write(
                        Data("run \(number) of \(options.runs), \(engine.name): done after \(seconds) s\n".utf8))
                }
            }
        }
        let machine = Machine(directory: workspace.path)
        let comparison = Comparison(
            machine: machine, options: options, engines: engines.map(\.facts), versions: versions, samples: samples)
        if engines.count > 1 { ComparisonTable(comparison).print() } else { Report(samples: samples).print() }
        if let json = options.json { try comparison.write(to: json) }
        if let html = options.html {
            try ComparisonPage(comparison).html.write(toFile: html, atomically: true, encoding: .utf8)
        }
    }

    private static func sustain(_ options: SustainedOptions) throws {
        let engine = Engine.lsmtx(cacheBytes: options.cacheBytes, memtableBytes: options.memtableBytes)
        let report = try Sustained(engine: engine, options: options).run()
        report.print()
        if let csv = options.csv { try report.timeline.csv.write(toFile: csv, atomically: true, encoding: .utf8) }
        if let svg = options.svg { try report.plot.svg.write(toFile: svg, atomically: true, encoding: .utf8) }
    }

    static func shuffledNumbers(_ count: Int) -> [UInt32] {
        var numbers = (0..<count).map { UInt32($0 * 2) }
        var generator = Generator(seed: 1)
        for index in stride(from: count - 1, to: 0, by: -1) { numbers.swapAt(index, generator.below(index + 1)) }
        return numbers
    }
}
