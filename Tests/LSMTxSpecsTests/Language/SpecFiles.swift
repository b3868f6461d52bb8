import LSMTxTestSupport

/// The project's own specs, and the page that describes them.
enum SpecFiles {
    /// The paths of all specs, relative to the root.
    static let paths = SourceTree.files(in: "Specs", endings: [".spec"])

    static func read(_ path: String) -> String { SourceTree.read(path) }

    /// The blocks of a page that are fenced as `language`.
    static func blocks(of page: String, language: String) -> [String] {
        page.components(between: "```\(language)\n", and: "```")
    }
}

extension String {
    fileprivate func components(between start: String, and end: String) -> [String] {
        var found: [String] = []
        var lines: [Substring]?
        for line in split(separator: "\n", omittingEmptySubsequences: false) {
            if let block = lines {
                if line.hasPrefix(end) {
                    found.append(block.joined(separator: "\n") + "\n")
                    lines = nil
                } else {
                    lines = block + [line]
                }
            } else if line + "\n" == start {
                lines = []
            }
        }
        return found
    }
}
