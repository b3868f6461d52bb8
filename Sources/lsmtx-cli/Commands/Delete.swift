internal import LSMTx

extension Command {
    static let delete = Command(
        "delete",
        abstract: "Delete a key and print the commit's timestamp.",
        discussion: "Deleting a key that is not there succeeds. The file must exist.",
        arguments: [.file, .key],
        options: [.hex, .buffered]
    ) { invocation in
        guard let key = try invocation.data(.key) else { return .usage }
        let durability: Durability = invocation.has(.buffered) ? .buffered : .sync
        let timestamp = try Store.write(
            try invocation.path(), durability: durability, createIfMissing: false
        ) { database in
            let transaction = try database.begin()
            try transaction.delete(key)
            return try transaction.commit(durability: durability)
        }
        invocation.console.output.write("\(timestamp)\n")
        return .success
    }
}
