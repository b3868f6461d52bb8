internal import LSMTx

extension Command {
    static let get = Command(
        "get",
        abstract: "Write a key's value.",
        discussion: """
            The value is written as it is stored, followed by a newline. When the key is not there, nothing is \
            written and the exit status is 1.
            """,
        arguments: [.file, .key],
        options: [.asOf, .hex, .raw, .json], isInShell: true
    ) { invocation in
        let format = try EntryFormat(invocation)
        guard let key = try invocation.data(.key) else { return .usage }
        let value = try invocation.readKeys { try $0.get(key) }
        guard let value else { return .failure }
        let output = invocation.console.output
        switch format {
        case .escaped where invocation.session != nil: output.write(invocation.escaped(value) + [UInt8(ascii: "\n")])
        case .escaped: output.write(value + [UInt8(ascii: "\n")])
        case .hex: output.write(Hexadecimal.encode(value) + [UInt8(ascii: "\n")])
        case .raw: output.write(value)
        case .json: output.write(try JSONText.line(JSONEntry(key: key, value: value)))
        }
        return .success
    }
}
