internal import LSMTxSpecs

extension Console {
    /// Shows on a terminal how far the work is, as a bar, at most some times a second.
    ///
    /// - Parameters:
    ///   - action: What is being done, one word.
    ///   - total: All of the work; 0 when nobody knows, as with a pipe: then there is a number and no bar.
    ///   - detail: What else there is to tell, in few words.
    func progress(_ action: String, _ done: UInt64, of total: UInt64, detail: @autoclosure () -> String = "") {
        guard showsProgress, isProgressDue(isLast: total > 0 && done >= total) else { return }
        progress(Self.bar(action, done, of: total, detail: detail(), width: errorWidth))
    }

    /// One line of at most `width` columns, which leaves the last one free: writing there would begin another line.
    static func bar(_ action: String, _ done: UInt64, of total: UInt64, detail: String, width: Int) -> String {
        let suffix = detail.isEmpty ? "" : "  \(detail)"
        guard total > 0 else { return TextColumns.shortened("\(action)\(suffix)", to: max(2, width - 1)) }
        let percent = Rendering.percent(min(done, total), of: total)
        let text = String(repeating: " ", count: max(0, 6 - percent.count)) + percent + suffix
        let room = min(40, width - 1 - action.count - 3 - TextColumns.width(of: text))
        guard room >= 8 else { return TextColumns.shortened("\(action) \(text)", to: max(2, width - 1)) }
        let bar = Rendering.bar(min(done, total), of: total, width: room)
        return "\(action) \(bar)\(String(repeating: "░", count: room - bar.count)) \(text)"
    }
}
