internal import LSMTxSpecs

/// The specs that a command line names.
enum SpecSources {
    struct Source: Sendable {
        /// The path, as it was typed or found.
        var file: String
        var spec: Spec
    }

    /// Reads specs; what is wrong with any of them goes to the standard error stream, all of it.
    ///
    /// - Parameters:
    ///   - paths: Files, and folders with files called `*.spec` at any depth.
    ///   - console: Where errors go.
    /// - Returns: The specs, each file once: in the order of the paths, those of a folder by their names.
    static func load(_ paths: [String], console: Console) throws -> [Source] {
        var sources: [Source] = []
        var broken = 0
        let files = try files(paths)
        for file in files {
            let bytes = try contents(of: file)
            do throws(SpecErrors) {
                sources.append(Source(file: file, spec: try Spec(parsing: bytes, file: file)))
            } catch {
                broken += 1
                for error in error.errors { console.note(printable(error.description)) }
            }
        }
        guard broken == 0 else {
            throw Failure(.badData, "\(broken) of \(files.count) specs cannot be read. Correct what is said above.")
        }
        return sources
    }

    private static func contents(of file: String) throws -> [UInt8] {
        let descriptor = try System.openForReading(file)
        defer { System.closeDescriptor(descriptor) }
        return try System.readAll(descriptor)
    }

    private static func files(_ paths: [String]) throws -> [String] {
        var files: [String] = []
        var known: Set<String> = []
        for path in paths {
            guard let names = try System.names(in: path) else {
                if known.insert(path).inserted { files.append(path) }
                continue
            }
            let found = try walk(path, names)
            guard !found.isEmpty else {
                throw Failure(.noInput, "There is no file called '*.spec' in '\(path)'. Check the path.")
            }
            files += found.sorted().filter { known.insert($0).inserted }
        }
        return files
    }

    private static func walk(_ folder: String, _ names: [String]) throws -> [String] {
        var files: [String] = []
        for name in names where !name.hasPrefix(".") {
            let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
            if System.isFolder(path) {
                files += try walk(path, try System.names(in: path) ?? [])
            } else if name.hasSuffix(".spec") {
                files.append(path)
            }
        }
        return files
    }

    /// Lines and tabs stay, so that marks are below what they mark.
    private static func printable(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false)
                .map { TextColumns.printable(String($0)) }.joined(separator: "\t")
        }.joined(separator: "\n")
    }
}
