import LSMTx
import LSMTxSpecs
import Testing

@Suite struct LevelTests {
    @Test func everyLevelHasAWordAndAnIsolationOfItsOwn() {
        #expect(Level.allCases.map(\.rawValue) == ["rc", "si", "ser"])
        #expect(Level.allCases.map(\.isolation) == [.readCommitted, .snapshot, .serializable])
        #expect(Level(rawValue: "si")?.isolation == .snapshot)
    }

    @Test func theyAreOrderedByWhatTheyPromise() {
        #expect(Level.allCases.shuffled().sorted() == [.readCommitted, .snapshot, .serializable])
    }
}
