import Foundation
import LSMTxTestSupport
import Testing

@testable import LSMTx

/// The longest value that there is. It takes 2 GiB of memory and 1 GiB of disk, so it is only tried when asked for.
@Suite struct LargestValueTests {
    @Test(.enabled(if: ProcessInfo.processInfo.environment["LSMTX_LARGEST_VALUE"] != nil))
    func aValueOfOneGibibyteIsKept() throws {
        try withTemporaryFolder { folder in
            let value = [UInt8](repeating: 7, count: Limits.maximumValueBytes)
            let path = folder + "/store"
            let database = try Database(path: path)
            try database.write { t in
                try t.put("k", value)
                let own = try t.get("k")
                #expect(own?.count == value.count)
            }
            try database.flush()
            try database.close()
            let again = try Database(path: path)
            let isWhole = try again.read { try $0.get("k") } == value
            #expect(isWhole)
            #expect(try again.check().findings.isEmpty)
            try again.close()
        }
    }
}
