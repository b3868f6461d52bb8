import CLSMTx
import Testing

/// A C program's view of the world: numbers, pointers, and what has to be freed.
enum C {
    static let ok = lsmtx_status(LSMTX_OK)
    static let absent = lsmtx_status(LSMTX_ABSENT)
    static let end = lsmtx_status(LSMTX_END)
    static let tooSmall = lsmtx_status(LSMTX_TOO_SMALL)
    static let misuse = lsmtx_status(LSMTX_MISUSE)
    static let closed = lsmtx_status(LSMTX_CLOSED)
    static let conflict = lsmtx_status(LSMTX_CONFLICT)

    /// Calls `body` with an empty store in memory, and frees it.
    static func withStore<R>(_ body: (OpaquePointer) throws -> R) throws -> R {
        var db: OpaquePointer?
        #expect(lsmtx_db_open_in_memory(nil, &db, nil) == ok)
        let made = try #require(db)
        defer { lsmtx_db_free(made) }
        return try body(made)
    }

    static func put(_ db: OpaquePointer, _ key: String, _ value: String) {
        var error: OpaquePointer?
        let status = lsmtx_db_put(db, key, key.utf8.count, value, value.utf8.count, 0, nil, &error)
        #expect(status == ok, "\(text(lsmtx_error_description(error)))")
        lsmtx_error_free(error)
    }

    static func get(_ db: OpaquePointer, _ key: String) -> String? {
        var memory = [UInt8](repeating: 0, count: 1000)
        var length = 0
        let status = lsmtx_db_get(db, key, key.utf8.count, &memory, memory.count, &length, nil)
        guard status == ok else { return nil }
        return String(decoding: memory[..<length], as: UTF8.self)
    }

    static func text(_ text: UnsafePointer<CChar>?) -> String { text.map { String(cString: $0) } ?? "NULL" }

    static func bytes(_ data: UnsafeRawPointer?, _ length: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(start: data, count: length), as: UTF8.self)
    }

    /// Checks that a call fails, and that its error says so.
    static func expectFailure(
        _ expected: Int, _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation,
        _ call: (UnsafeMutablePointer<OpaquePointer?>) -> lsmtx_status
    ) {
        var error: OpaquePointer?
        let status = call(&error)
        #expect(Int(status) == expected, "\(what)", sourceLocation: sourceLocation)
        #expect(Int(lsmtx_error_status(error)) == expected, "\(what)", sourceLocation: sourceLocation)
        #expect(text(lsmtx_error_message(error)) != "", sourceLocation: sourceLocation)
        #expect(text(lsmtx_error_remedy(error)) != "", sourceLocation: sourceLocation)
        lsmtx_error_free(error)
    }

    /// The entries that a call of `step` after the other gives.
    static func entries(
        _ iter: OpaquePointer?,
        _ step: (
            OpaquePointer?, UnsafeMutablePointer<UnsafeRawPointer?>?, UnsafeMutablePointer<Int>?,
            UnsafeMutablePointer<UnsafeRawPointer?>?, UnsafeMutablePointer<Int>?, UnsafeMutablePointer<OpaquePointer?>?
        ) -> lsmtx_status
    ) -> [String] {
        var found: [String] = []
        var key: UnsafeRawPointer?
        var value: UnsafeRawPointer?
        var keyLength = 0
        var valueLength = 0
        while step(iter, &key, &keyLength, &value, &valueLength, nil) == ok {
            found.append("\(bytes(key, keyLength))=\(bytes(value, valueLength))")
        }
        return found
    }
}

/// An expectation that can stand around others, which a macro cannot.
func check(_ isTrue: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(isTrue, sourceLocation: sourceLocation)
}
