internal import LSMTx

extension Argument {
    private static let valueHelp = "The value, byte for byte; '-' reads it from the standard input."
    fileprivate static let value = Argument("value", isOptional: true, help: valueHelp)
}

extension Option {
    fileprivate static let valueFile = Option(
        "file", value: "path", completion: .file, help: "Read the value from this file.")
}

extension Command {
    static let put = Command(
        "put",
        abstract: "Store a value under a key and print the commit's timestamp.",
        discussion: """
            The file is created if there is none. The commit is on the medium when the command ends.
            A key or value that begins with a hyphen goes after '--'.
            """,
        arguments: [.file, .key, .value],
        options: [.hex, .valueFile, .buffered], isInShell: true
    ) { invocation in
        guard let key = try invocation.data(.key) else { return .usage }
        let value = try putValue(invocation)
        // An interrupt ends the input: what came before it is not the value.
        try invocation.checkInterrupt()
        let durability: Durability = invocation.has(.buffered) ? .buffered : .sync
        let timestamp = try invocation.writeKeys(durability: durability) { try $0.put(key, value) }
        if let timestamp { invocation.console.output.write("\(timestamp)\n") }
        return .success
    }
}

/// The value from wherever it was said to be.
private func putValue(_ invocation: Invocation) throws -> [UInt8] {
    let typed = invocation.bytes(.value)
    let path = try invocation.text(.valueFile)
    let isFromInput = path == "-" || (typed == [UInt8(ascii: "-")] && path == nil)
    if isFromInput, invocation.session != nil, !System.isTerminal(System.standardInput) {
        throw UsageError("The standard input holds the shell's commands. Give the value by '--file <path>'.")
    }
    switch (typed, path) {
    case (nil, nil): throw UsageError("Missing argument '<value>', or the option '--file <path>'.")
    case (.some, .some): throw UsageError("'<value>' and '--file' exclude each other.")
    case (nil, let path?) where path != "-":
        let descriptor = try System.openForReading(path)
        defer { System.closeDescriptor(descriptor) }
        return try System.readAll(descriptor)
    case ([UInt8(ascii: "-")], nil), (nil, .some): return try System.readAll(System.standardInput)
    case (.some, nil): return try invocation.data(.value) ?? []
    }
}
