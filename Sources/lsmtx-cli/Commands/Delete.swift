internal import LSMTx

extension Command {
    static let delete = Command(
        "delete",
        abstract: "Delete a key, or a range of keys, and print the commit's timestamp.",
        discussion: """
            Deleting what is not there succeeds. The file must exist. A range is picked by --prefix, --from and --to \
            in place of a key, and deleted at the cost of one write, however many keys it has.
            """,
        arguments: [.file, .keyOrRange],
        options: Option.range + [.hex, .buffered], isInShell: true
    ) { invocation in
        let key = try invocation.data(.keyOrRange)
        let hasRange = Option.range.contains { invocation.has($0) }
        guard (key != nil) != hasRange else {
            throw UsageError("Give either a key, or a range by --prefix, --from and --to.")
        }
        let range = try invocation.range()
        // A script's variable that is not set looks like this.
        guard range != .all || !invocation.has(.prefix) else {
            throw UsageError("An empty '--prefix' is that of every key. To delete them all, say --from ''.")
        }
        let durability: Durability = invocation.has(.buffered) ? .buffered : .sync
        let timestamp = try invocation.writeKeys(durability: durability, createIfMissing: false) { transaction in
            if let key { try transaction.delete(key) } else { try transaction.deleteRange(range) }
        }
        if let timestamp { invocation.console.output.write("\(timestamp)\n") }
        return .success
    }
}
