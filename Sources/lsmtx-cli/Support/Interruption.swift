/// The user pressed control-C, and what was at work has stopped.
struct Interruption: Error {
    /// What of the work stays, as a sentence; may be empty.
    var remark = ""

    /// Throws when it has happened. Needs ``System/catchInterrupt()``.
    static func check() throws {
        if System.isInterrupted { throw Interruption() }
    }
}
