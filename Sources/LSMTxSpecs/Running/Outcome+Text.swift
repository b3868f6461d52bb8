extension Outcome {
    /// The outcome as the language says it; an error's text.
    var text: String {
        switch self {
        case .value(let bytes): SpecPrinter.data(bytes)
        case .none: "none"
        case .list(let entries):
            "[" + entries.map { SpecPrinter.data($0.key) + "=" + SpecPrinter.data($0.value) }.joined(separator: ", ")
                + "]"
        case .ok: "ok"
        case .conflict: "conflict"
        case .unknown: "unknown"
        case .gone: "gone"
        case .skipped: "skip"
        case .failed(let error): error
        }
    }

    /// Whether two steps were answered the same, whatever a conflict's reason is.
    func isSame(as other: Outcome) -> Bool {
        if case .conflict = self, case .conflict = other { return true }
        return self == other
    }
}
