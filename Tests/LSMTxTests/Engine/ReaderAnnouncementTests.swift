import LSMTx
import LSMTxTestSupport
import Synchronization
import Testing

@Suite struct ReaderAnnouncementTests {
    /// Every flush and every compaction asks who reads. Each call once left a frame on the stack of all later ones, so
    /// that they became slower and slower, and after some ten thousand the stack was used up.
    @Test func askingWhoReadsTakesNoMoreStackEachTime() throws {
        let store = try EngineFixture.newStore()
        let engine = store.database.engine
        let place = Atomic<UInt>(0)
        engine.readers.withLock {
            $0 = ReaderAnnouncement { floor, readNames in
                withUnsafeTemporaryAllocation(byteCount: 16, alignment: 16) { bytes in
                    place.store(UInt(bitPattern: bytes.baseAddress), ordering: .relaxed)
                }
                readNames()
                return OpenReaders(floor: floor)
            }
        }
        var places: Set<UInt> = []
        for _ in 0..<100 {
            _ = engine.announceReadPoints()
            places.insert(place.load(ordering: .relaxed))
        }
        #expect(places.count == 1)
    }
}
