/// Where a command writes that has a result of some size: a new file, or the standard output.
///
/// No file is overwritten: what it holds may be the last copy of something. One that could not be written to its end is
/// removed, so that none looks whole without being it.
struct OutputFile {
    /// What messages call it.
    let name: String
    let output: Output

    /// Calls `body` with the file.
    ///
    /// - Parameter path: `nil` and `-` are the standard output.
    static func write<R>(_ path: String?, _ console: Console, _ body: (OutputFile) throws -> R) throws -> R {
        guard let path, path != "-" else {
            let file = OutputFile(name: "standard output", output: console.output)
            let result = try body(file)
            console.output.flush()
            try console.output.checkWritten(to: file.name)
            return result
        }
        let (descriptor, isNew) = try System.openForWriting(path)
        let file = OutputFile(name: "'\(path)'", output: Output(descriptor: descriptor))
        do {
            let result = try body(file)
            file.output.flush()
            try file.output.checkWritten(to: file.name)
            try System.finishWriting(descriptor, path)
            return result
        } catch {
            System.closeDescriptor(descriptor)
            if isNew { System.remove(path) }
            throw error
        }
    }
}
