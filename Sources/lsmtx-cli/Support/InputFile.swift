/// What a command reads: a file, or the standard input.
final class InputFile {
    /// What messages call it.
    let name: String
    let descriptor: Int32
    /// How long it is; 0 where that is not known before its end, as with a pipe.
    let bytes: UInt64

    /// - Parameter path: `-` is the standard input.
    init(_ path: String) throws {
        let isStandard = path == "-"
        name = isStandard ? "standard input" : path
        descriptor = isStandard ? System.standardInput : try System.openForReading(path)
        bytes = System.regularFileBytes(descriptor)
    }

    deinit { if descriptor != System.standardInput { System.closeDescriptor(descriptor) } }
}
