internal import LSMTx
internal import LSMTxSpecs

/// What the commands that run specs have in common.
struct SpecRuns {
    /// Every run draws from it; fixed, so that two calls do the same.
    static let defaultSeed = 1

    let sources: [SpecSources.Source]
    let options: SpecRunner.Options
    let seed: Int

    /// Reads the options and the specs, and picks what is asked for.
    init(_ invocation: Invocation, paths: [String]) throws {
        seed = try invocation.number(.seed, in: 0...Int.max) ?? Self.defaultSeed
        var options = SpecRunner.Options()
        options.seed = UInt64(seed)
        let levels = try Self.levels(invocation)
        if let levels { options.levels = levels }
        options.device = try Self.device(invocation)
        self.options = options
        var sources = try SpecSources.load(paths, console: invocation.console)
        if let word = try invocation.text(.filter) {
            sources = sources.compactMap { source in
                source.spec.matching(word).map { SpecSources.Source(file: source.file, spec: $0) }
            }
            guard !sources.isEmpty else {
                throw UsageError("No spec and no schedule has '\(Escaping.terminal(Array(word.utf8)))' in its name.")
            }
        }
        if let levels {
            sources.removeAll { !$0.spec.levels.contains(where: levels.contains) }
            guard !sources.isEmpty else { throw UsageError("None of the specs runs at the level of '--level'.") }
        }
        self.sources = sources
    }

    private static func levels(_ invocation: Invocation) throws -> [Level]? {
        guard let word = try invocation.text(.level) else { return nil }
        guard let level = Level(rawValue: word) else {
            let names = Level.allCases.map(\.rawValue)
            throw UsageError(
                "Unknown level '\(Escaping.terminal(Array(word.utf8)))', expected \(names.joined(separator: ", ")).",
                didYouMean: Suggestion.closest(to: word, among: names))
        }
        return [level]
    }

    private static func device(_ invocation: Invocation) throws -> SpecRunner.Device {
        switch try invocation.text(.device) {
        case nil, "memory": return .memory
        case "file": return .file
        case .some(let word):
            throw UsageError(
                "Unknown device '\(Escaping.terminal(Array(word.utf8)))', expected memory, file.",
                didYouMean: Suggestion.closest(to: word, among: ["memory", "file"]))
        }
    }

    /// Runs the specs on all processors; each has databases of its own.
    ///
    /// - Returns: The reports in the order of the specs.
    func run(console: Console) throws -> [SpecReport] {
        let next = Guarded(0)
        let results = Guarded([Result<SpecReport, any Error>?](repeating: nil, count: sources.count))
        let (sources, options) = (sources, options)
        let workers = try Workers(min(System.processorCount, sources.count)) { _ in
            while true {
                let place = next.withLock { place in
                    defer { place += 1 }
                    return place
                }
                guard place < sources.count else { return }
                let result = Result {
                    try SpecRunner(sources[place].spec, file: sources[place].file, options: options).run()
                }
                results.withLock { $0[place] = result }
            }
        }
        workers.join()
        return try zip(results.withLock { $0 }, sources).map { result, source in
            guard let result else { preconditionFailure("a worker ended before its work") }
            do {
                return try result.get()
            } catch let errors as SpecErrors {
                SpecSources.note(errors, on: console)
                throw Failure(.badData, "'\(source.file)' cannot be run. Correct what is said above.")
            } catch {
                let status = (error as? StoreError).map { ExitStatus($0.code) } ?? .failure
                throw Failure(status, "\(source.file): \(error)")
            }
        }
    }

    /// 0 if all expectations hold, else 1.
    static func status(of reports: [SpecReport]) -> ExitStatus {
        reports.allSatisfy { $0.failed == 0 } ? .success : .failure
    }
}

extension Console {
    /// How reports set off their parts.
    var style: TextStyle { TextStyle(heading: heading, dimmed: dimmed) }
}

extension Option {
    static let level = Option(
        "level", value: "level", completion: .values(Level.allCases.map(\.rawValue)),
        help: "Only at this level: 'rc', 'si' or 'ser'.")
    static let filter = Option(
        "filter", value: "name", help: "Only specs or schedules that have this in their names.")
    static let seed = Option(
        "seed", value: "n", help: "What is drawn at random comes from this number; 1 unless told.")
    static let device = Option(
        "device", value: "device", completion: .values(["memory", "file"]),
        help: "Where the databases are: 'memory', the default, or 'file'.")

    /// What picks the runs.
    static let specRuns = [level, filter, seed, device]
}

extension Argument {
    static let specs = Argument(
        "path", isRepeated: true, completion: .file,
        help: "A spec, or a folder with files called '*.spec' at any depth.")
}
