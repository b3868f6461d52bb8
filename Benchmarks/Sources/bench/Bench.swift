import Foundation

@main
enum Bench {
    static func main() {
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            if arguments.first == "sustained" {
                try sustain(SustainedOptions(Array(arguments.dropFirst())))
            } else {
                try run(Options(arguments))
            }
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(1)
        }
    }

    private static func run(_ options: Options) throws {
        let engines = [Engine.lsmtx(cacheBytes: options.cacheBytes, memtableBytes: options.memtableBytes)]
        let order = shuffledNumbers(options.count)
        var samples: [Sample] = []
        for number in 1...options.runs {
            // Forwards and backwards in turn, so that no engine always has the same neighbour.
            for engine in number % 2 == 1 ? engines : engines.reversed() {
                var run = Run(engine: engine, options: options, number: number, order: order)
                try run.run()
                samples += run.samples
            }
        }
        Report(samples: samples).print()
        if let json = options.json { try Report(samples: samples).write(to: json) }
    }

    private static func sustain(_ options: SustainedOptions) throws {
        let engine = Engine.lsmtx(cacheBytes: options.cacheBytes, memtableBytes: options.memtableBytes)
        let report = try Sustained(engine: engine, options: options).run()
        report.print()
        if let csv = options.csv { try report.timeline.csv.write(toFile: csv, atomically: true, encoding: .utf8) }
        if let svg = options.svg { try report.plot.svg.write(toFile: svg, atomically: true, encoding: .utf8) }
    }

    private static func shuffledNumbers(_ count: Int) -> [UInt32] {
        var numbers = (0..<count).map { UInt32($0 * 2) }
        var generator = Generator(seed: 1)
        for index in stride(from: count - 1, to: 0, by: -1) { numbers.swapAt(index, generator.below(index + 1)) }
        return numbers
    }
}
