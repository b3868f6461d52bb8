internal import CLineEditor

/// The line editor of the terminal: see `CLineEditor.h`.
final class LineEditor {
    enum Answer {
        /// Without its newline.
        case line([UInt8])
        case interrupted
        case end
    }

    /// What the Tab key does: it is given the line up to the cursor, and how wide the terminal is.
    struct Completed {
        /// Characters before the cursor that are replaced; `nil` for nothing to be completed.
        var replaced: Int?
        var text: [UInt8] = []
        /// Lines to be written below.
        var listing = ""
    }

    private var handle: OpaquePointer?
    private let complete: ([UInt8]) -> Completed

    /// - Returns: `nil` for a terminal on which nothing can be edited.
    static func make(complete: @escaping ([UInt8]) -> Completed) -> LineEditor? {
        let terminal = System.environment("TERM") ?? ""
        guard !terminal.isEmpty, terminal != "dumb" else { return nil }
        let editor = LineEditor(complete: complete)
        // Unretained: the handle is closed before the editor goes.
        editor.handle = clineeditor_open(
            CommandTable.tool, System.interruptDescriptor, Int32(ShellHistory.maximumLines),
            { context, handle, line, length, cursor in
                guard let context, let handle, let line else { return clineeditor_nothing }
                let editor = Unmanaged<LineEditor>.fromOpaque(context).takeUnretainedValue()
                let bytes = UnsafeRawBufferPointer(start: line, count: cursor)
                return editor.complete([UInt8](bytes), in: handle)
            }, Unmanaged.passUnretained(editor).toOpaque())
        return editor.handle == nil ? nil : editor
    }

    private init(complete: @escaping ([UInt8]) -> Completed) { self.complete = complete }

    deinit {
        if let handle { clineeditor_close(handle) }
    }

    func remember(_ line: [UInt8]) {
        // A line in C's sense: a zero byte would cut it short.
        guard !line.contains(0) else { return }
        (line + [0]).withUnsafeBytes { bytes in
            clineeditor_remember(handle, bytes.baseAddress!.assumingMemoryBound(to: CChar.self))
        }
    }

    func read(prompt: String) throws -> Answer {
        var text: UnsafePointer<CChar>?
        var length = 0
        let status = prompt.withCString { clineeditor_read(handle, $0, &text, &length) }
        switch status {
        case clineeditor_line:
            var line = [UInt8](UnsafeRawBufferPointer(start: text, count: length))
            if line.last == UInt8(ascii: "\n") { line.removeLast() }
            return .line(line)
        case clineeditor_interrupted: return .interrupted
        case clineeditor_end: return .end
        default: throw Failure(.inputOutput, "Cannot read the terminal: \(System.describeLastError()).")
        }
    }

    private func complete(_ line: [UInt8], in handle: OpaquePointer) -> clineeditor_completion {
        let completed = complete(line)
        if let replaced = completed.replaced {
            (completed.text + [0]).withUnsafeBytes { bytes in
                clineeditor_replace(
                    handle, Int32(replaced), bytes.baseAddress!.assumingMemoryBound(to: CChar.self))
            }
        }
        if !completed.listing.isEmpty {
            _ = System.write(Array("\n\(completed.listing)".utf8), to: System.standardOutput)
            return clineeditor_listed
        }
        return completed.replaced == nil ? clineeditor_nothing : clineeditor_changed
    }
}
