internal import LSMTx

/// How commands open the store.
enum Store {
    /// Opens for reading: the file is neither created nor changed, an uncleanly closed one included.
    static func read<R>(_ path: String, _ body: (Database) throws -> R) throws -> R {
        var configuration = Configuration()
        configuration.readOnly = true
        configuration.createIfMissing = false
        return try use(path, configuration, body)
    }

    /// Opens for writing.
    static func write<R>(
        _ path: String, durability: Durability = .sync, createIfMissing: Bool = true, memtableBytes: Int? = nil,
        _ body: (Database) throws -> R
    ) throws -> R {
        var configuration = Configuration()
        configuration.durability = durability
        configuration.createIfMissing = createIfMissing
        if let memtableBytes { configuration.memtableBytes = memtableBytes }
        return try use(path, configuration, body)
    }

    private static func use<R>(
        _ path: String, _ configuration: Configuration, _ body: (Database) throws -> R
    ) throws -> R {
        let database = try open(path, configuration)
        let result: R
        do {
            result = try body(database)
        } catch {
            // The first error is the one to report.
            try? database.close()
            throw (error as? StoreError)?.at(path: path) ?? error
        }
        try database.close()
        return result
    }

    private static func open(_ path: String, _ configuration: Configuration) throws -> Database {
        do throws(StoreError) {
            return try Database(path: path, configuration: configuration)
        } catch {
            // The library's advice is for those who would create it.
            guard error.code == .notFound, !configuration.createIfMissing else { throw error }
            throw Failure(.noInput, "There is no file '\(Escaping.terminal(path.utf8))'. Check the path.")
        }
    }
}

extension RawSpan {
    /// A copy.
    var bytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}
