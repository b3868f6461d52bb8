internal import LSMTx

/// The names that errors use for parts of the interface, as a C program has them.
enum Words {
    private static let sentences = [
        "A write was begun inside of another write of the same database.":
            "lsmtx_db_run was called by the function of another one with the same database."
    ]

    private static let names: [(swift: String, c: String)] = [
        ("that the closure was given", "that the function was given"),
        ("`write`", "lsmtx_db_run"),
        ("by its `retry`", "by its options"),
        ("Read through `unguarded`", "Read with LSMTX_READ_UNGUARDED"),
        ("Configuration.maximumTransactionBytes", "max_transaction_bytes"),
        ("`readOnly`", "read_only"),
    ]

    /// An error with the header's names. What happened may have a program's own words in it, and is changed only as a
    /// whole.
    ///
    /// - Complexity: O(bytes of the texts).
    static func inC(_ error: StoreError) -> StoreError {
        var remedy = Array(error.remedy.utf8)
        for (swift, c) in names {
            let word = Array(swift.utf8)
            guard let place = firstPlace(of: word, in: remedy) else { continue }
            remedy.replaceSubrange(place..<place + word.count, with: c.utf8)
        }
        return StoreError(
            error.code, sentences[error.message] ?? error.message, remedy: String(decoding: remedy, as: UTF8.self),
            at: error.location, errorNumber: error.errorNumber, conflict: error.conflict)
    }

    private static func firstPlace(of word: [UInt8], in text: [UInt8]) -> Int? {
        guard text.count >= word.count else { return nil }
        return (0...text.count - word.count).first { text[$0] == word[0] && text[$0...].starts(with: word) }
    }
}
