import LSMTx
import LSMTxSimulation
import LSMTxTestSupport
import Testing

@Suite struct CompactionPublishingTests {
    private static let nothingOpen = ReadPoints(
        floor: Timestamp(rawValue: 1 << 40), older: [], oldestWriter: nil)

    /// Runs plans through the version set until there is none, as the engine does.
    private func compact(_ engine: Engine, _ options: CompactionOptions) throws -> [CompactionPlan] {
        var plans: [CompactionPlan] = []
        let versions = engine.versions
        while true {
            let version = versions.current
            let levels = version.levels.map { $0.map(\.descriptor) }
            guard let plan = CompactionPicker.pick(levels: levels, options: options) else { return plans }
            plans.append(plan)
            let tables = plan.inputs.compactMap { input in version.tables.first { $0.descriptor.id == input.id } }
            let job = CompactionJob(
                file: engine.file, plan: plan, tables: tables, generation: versions.nextGeneration,
                takeTableID: versions.takeTableID, readPoints: Self.nothingOpen, options: options)
            let result = try #require(try job.run(shouldStop: { false }, pause: {}))
            _ = try versions.apply(result.edit) { _ in }
            let findings = ExtentAudit.findings(in: engine)
            #expect(findings.isEmpty, "after \(plan.reason): \(findings)")
        }
    }

    @Test func mergedAndMovedTablesOwnTheirSpaceOnceAndAreFoundAgain() throws {
        // The engine itself leaves the levels alone.
        var engineOptions = EngineFixture.options()
        engineOptions.levelZeroTables = .max
        engineOptions.garbageShare = .infinity
        engineOptions.levelZeroSlow = .max
        engineOptions.levelZeroStop = .max
        let device = MemoryDevice()
        try EngineFixture.format(device)
        let database = try Database(
            device: device, path: nil, configuration: EngineFixture.configuration, options: engineOptions)
        var random = SeededGenerator(seed: 7)
        var expected: [[UInt8]: [UInt8]] = [:]
        for _ in 0..<12 {
            for _ in 0..<40 {
                let key: [UInt8] = [UInt8.random(in: 0...60, using: &random)]
                if Int.random(in: 0..<4, using: &random) == 0 {
                    expected[key] = nil
                    _ = try database.write { try $0.delete(key) }
                } else {
                    let value = [UInt8](repeating: key[0], count: Int.random(in: 0...200, using: &random))
                    expected[key] = value
                    _ = try database.write { try $0.put(key, value) }
                }
            }
            try database.flush()
        }
        var options = CompactionOptions()
        options.baseBytes = 8 << 10
        options.levelRatio = 2
        options.targetTableBytes = 2 << 10
        options.table.blockBytes = 512
        let plans = try compact(database.engine, options)
        #expect(plans.contains { $0.isTrivialMove } && plans.contains { $0.reason == .levelZero })
        #expect(database.engine.versions.current.levels.count > 2)
        try database.close()

        let again = try EngineFixture.open(device)
        let contents = try EngineFixture.contents(again)
        #expect(contents.count == expected.count)
        for entry in contents { #expect(expected[entry.key] == entry.value) }
        #expect(try again.check().findings.isEmpty)
        try again.close()
    }
}
