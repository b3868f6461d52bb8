import LSMTxSpecs
import Testing

/// The specs in `Specs` hold.
@Suite struct ProjectSpecTests {
    private static func failures(of report: SpecReport) -> [String] {
        report.schedules.filter { !$0.hasPassed }.map { run in
            "\(run.schedule) at \(run.level.rawValue): "
                + (run.failure.map { "\($0.position) \($0.text): \($0.actual)" } ?? "")
        }
            + report.explorations.filter { !$0.hasPassed }.map { run in
                "\(run.level.rawValue): \(run.unmet) \(run.witnesses.filter(\.isForbidden).map(\.order))"
            }
    }

    @Test(arguments: SpecFiles.paths)
    func everySpecHolds(_ path: String) throws {
        let spec = try Spec(parsing: SpecFiles.read(path), file: path)
        let report = try SpecRunner(spec, file: path).run()
        #expect(Self.failures(of: report) == [])
        #expect(report.passed == spec.levels.count * (spec.schedules.count + (spec.explore == nil ? 0 : 1)))
        // Crashes and nothing else depend on the seed.
        guard SpecFiles.read(path).contains("db crash") else { return }
        for seed in 2..<20 as Range<UInt64> {
            let report = try SpecRunner(spec, file: path, options: SpecRunner.Options(seed: seed)).run()
            #expect(Self.failures(of: report) == [], "seed \(seed)")
        }
    }

    @Test(arguments: SpecFiles.paths)
    func everyScheduleHoldsInAFileToo(_ path: String) throws {
        var spec = try Spec(parsing: SpecFiles.read(path), file: path)
        spec.explore = nil
        let report = try SpecRunner(spec, file: path, options: SpecRunner.Options(device: .file)).run()
        #expect(Self.failures(of: report) == [])
    }

    @Test func theExamplesOfThePageHold() throws {
        let page = SpecFiles.read("Sources/LSMTxSpecs/LSMTxSpecs.docc/SpecLanguage.md")
        let examples = SpecFiles.blocks(of: page, language: "spec")
        #expect(examples.count >= 4)
        for example in examples {
            #expect(Self.failures(of: try SpecRuns.report(example)) == [], "\(example)")
        }
    }

    @Test func theSameSeedGivesTheSameReport() throws {
        for path in ["Specs/unacknowledged-commit.spec", "Specs/p4-lost-update.spec", "Specs/no-holes.spec"] {
            let spec = try Spec(parsing: SpecFiles.read(path), file: path)
            for device in SpecRunner.Device.allCases {
                let options = SpecRunner.Options(seed: 7, device: device)
                let reports = try (0..<2).map { _ in try SpecRunner(spec, file: path, options: options).run() }
                #expect(SpecRuns.description(of: reports[0]) == SpecRuns.description(of: reports[1]), "\(path)")
            }
        }
    }
}
