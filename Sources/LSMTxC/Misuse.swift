internal import LSMTx

/// What a C compiler lets through and the interface refuses.
enum Misuse {
    private static let nothingDone = "Nothing of this call was done."

    static func error(_ message: String, _ remedy: String = "See lsmtx.h for what the call takes.") -> StoreError {
        StoreError(.misuse, message, remedy: "\(remedy) \(nothingDone)")
    }

    static var noHandle: StoreError { error("The handle is NULL.", "Check what the call that made it returned.") }
    static var wrongHandle: StoreError {
        error("The handle is of another type, or was freed.", "Pass what the call of its own type made.")
    }
    static var overlap: StoreError {
        error("Another call with the same object is under way.", "Use it from one thread at a time.")
    }
    static var noOut: StoreError { error("A pointer that receives a result is NULL.") }
    static var noBytes: StoreError { error("A pointer to bytes is NULL, but their length is not 0.") }
    static var noStructure: StoreError { error("A pointer to a structure is NULL.") }
    static var noText: StoreError { error("A pointer to a text is NULL.") }
    static var noFunction: StoreError { error("A pointer to a function is NULL.") }
    static var notUTF8: StoreError { error("A text is not UTF-8.") }

    static func size(_ size: Int, expected: Int) -> StoreError {
        error(
            "A structure says that it has \(size) bytes; this library knows it with \(expected).",
            "Set its member `size` to its sizeof, and use the header of this version or an earlier one.")
    }

    static func constant(_ value: Int, of what: String) -> StoreError {
        error("\(value) is no \(what).", "Use one of the header's constants.")
    }

    static func index(_ index: Int, count: Int) -> StoreError {
        error("There is no number \(index) among \(count).", "Ask for the count first.")
    }
}
