import LSMTxSimulation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// A snapshot that another thread closes shows what it showed, or throws `closed`.
@Suite struct ClosedSnapshotTests {
    @Test func aReadDuringACloseIsRightOrRefused() throws {
        let base = MemoryDevice()
        try EngineFixture.format(base)
        let database = try EngineFixture.open(base, background: true)
        let keys = (0..<32).map { "key \($0)" }
        for round in 0..<100 {
            let value = Array("value \(round)".utf8)
            try database.write(durability: .buffered) { t in for key in keys { try t.put(key, value) } }
            let snapshot = try database.snapshot()
            let readers = try (0..<3).map { reader in
                try WorkerThread(name: "reader") {
                    let error = EngineFixture.code {
                        while true {
                            let some = reader == 0 ? keys : [keys[round % 32]]
                            let values = reader == 0 ? try snapshot.get(keys: some) : [try snapshot.get(some[0])]
                            #expect(values == some.map { _ in value }, "round \(round)")
                        }
                    }
                    #expect(error == .closed, "round \(round)")
                }
            }
            snapshot.close()
            // What only it saw is dropped.
            try database.write(durability: .buffered) { try $0.deleteRange(.all) }
            try database.compact()
            for reader in readers { reader.join() }
        }
        try database.close()
    }
}
