internal import LSMTx
internal import LSMTxSpecs

/// What the Tab key offers.
package struct ShellCompletion {
    /// What the last word could become.
    struct Offer: Equatable {
        /// Where the word begins in the line.
        var start: Int
        /// The whole word, unquoted.
        var words: [[UInt8]]
        /// Whether something can follow without a blank: a folder's path.
        var goesOn: Set<[UInt8]> = []
    }

    /// Keys that are looked at, at most: the store may have millions.
    static let maximumKeys = 100

    private let session: ShellSession

    package init(session: ShellSession) { self.session = session }

    /// - Parameter line: The line up to the cursor.
    func complete(_ line: [UInt8]) -> LineEditor.Completed {
        guard let parsed = try? ShellLine(line, isUnfinished: true) else { return LineEditor.Completed() }
        let offer = offer(for: parsed, end: line.count)
        guard let first = offer.words.first else { return LineEditor.Completed() }
        let typed = Array(line[offer.start...])
        let isOnly = offer.words.count == 1
        let common = offer.words.dropFirst().reduce(first) { Self.commonPrefix($0, $1) }
        let isFinal = isOnly && !offer.goesOn.contains(first)
        var text = ShellLine.word(common, isOpen: !isFinal)
        if isFinal { text.append(UInt8(ascii: " ")) }
        var completed = LineEditor.Completed()
        // Quotes alone are no progress.
        let before = parsed.isWordOpen ? parsed.words.last?.bytes ?? [] : []
        if common != before || isFinal {
            completed.replaced = String(decoding: typed, as: UTF8.self).unicodeScalars.count
            completed.text = text
        }
        if !isOnly, common == before { completed.listing = listing(offer.words) }
        return completed
    }

    private static func commonPrefix(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        var prefix = Array(zip(a, b).prefix { $0 == $1 }.map(\.0))
        // Not in the middle of a character.
        while !prefix.isEmpty, prefix.count < a.count, a[prefix.count] & 0xC0 == 0x80,
            String(validating: a, as: UTF8.self) != nil
        {
            prefix.removeLast()
        }
        return prefix
    }

    private func listing(_ words: [[UInt8]]) -> String {
        let shown = words.prefix(Self.maximumKeys).map { String(decoding: ShellLine.word($0), as: UTF8.self) }
        let width = (shown.map { TextColumns.width(of: $0) }.max() ?? 0) + 2
        let columns = max(1, System.terminalWidth(System.standardOutput) / width)
        let rows = (shown.count + columns - 1) / columns
        var text = ""
        for row in 0..<rows {
            let line = stride(from: row, to: shown.count, by: rows).map { TextColumns.padded(shown[$0], to: width) }
            text += TextColumns.trimmed(line.joined()) + "\n"
        }
        return words.count >= Self.maximumKeys ? text + "…\n" : text
    }

    /// What the last word of a line could become.
    package func words(for line: String) -> [[UInt8]] {
        let line = Array(line.utf8)
        return (try? ShellLine(line, isUnfinished: true)).map { offer(for: $0, end: line.count).words } ?? []
    }

    // MARK: What can stand here

    private func offer(for line: ShellLine, end: Int) -> Offer {
        let words = line.words.map(\.bytes)
        let isNew = !line.isWordOpen
        let typed = isNew ? [] : words[words.count - 1]
        let start = isNew ? end : line.words[line.words.count - 1].start
        let before = isNew ? words : Array(words.dropLast())
        guard let name = before.first else {
            let isDot = typed.first == UInt8(ascii: ".")
            let names = (isDot ? ShellTable.dotCommands : ShellTable.commands).map { Array($0.name.utf8) }
            return Offer(start: start, words: names.filter { $0.starts(with: typed) }.sorted(by: Self.precedes))
        }
        guard let command = try? ShellTable.command(named: name) else { return Offer(start: start, words: []) }
        var operands: [[UInt8]] = []
        var pending: Option?
        var areOptionsOver = false
        for word in before.dropFirst() {
            if pending != nil {
                pending = nil
            } else if !areOptionsOver, word == Array("--".utf8) {
                areOptionsOver = true
            } else if !areOptionsOver, word.count > 1, word.first == UInt8(ascii: "-") {
                pending = command.allOptions.first { option in
                    option.value != nil && CompletionScript.spellings(option).contains { Array($0.utf8) == word }
                }
            } else {
                operands.append(word)
            }
        }
        if let pending { return offer(pending.completion, typed, start) }
        if !areOptionsOver, typed.starts(with: "-".utf8) {
            if let equals = typed.firstIndex(of: UInt8(ascii: "=")),
                let option = command.allOptions.first(where: { Array("--\($0.name)".utf8) == Array(typed[..<equals]) })
            {
                let offer = offer(option.completion, Array(typed[(equals + 1)...]), start)
                let head = Array(typed[...equals])
                return Offer(
                    start: start, words: offer.words.map { head + $0 }, goesOn: Set(offer.goesOn.map { head + $0 }))
            }
            let names = command.allOptions.map { Array("--\($0.name)".utf8) }
            return Offer(start: start, words: names.filter { $0.starts(with: typed) }.sorted(by: Self.precedes))
        }
        guard
            let argument = command.arguments.dropFirst(operands.count).first
                ?? command.arguments.last(where: \.isRepeated)
        else { return Offer(start: start, words: []) }
        if ["savepoint", "name"].contains(argument.name), ["rollback", "release"].contains(command.name) {
            return offer(session.savepointNames, typed, start)
        }
        return offer(argument.completion, typed, start)
    }

    private func offer(_ completion: Completion, _ typed: [UInt8], _ start: Int) -> Offer {
        switch completion {
        case .none: Offer(start: start, words: [])
        case .values(let values): offer(values, typed, start)
        case .command: offer(ShellTable.all.map(\.name), typed, start)
        case .snapshotName: offer((try? session.database.snapshots().map(\.name)) ?? [], typed, start)
        case .key: Offer(start: start, words: keys(beginningWith: typed))
        case .file, .directory: files(beginningWith: typed, start, onlyFolders: completion == .directory)
        }
    }

    private func offer(_ words: [String], _ typed: [UInt8], _ start: Int) -> Offer {
        let matching = Set(words.map { Array($0.utf8) }.filter { $0.starts(with: typed) })
        return Offer(start: start, words: matching.sorted(by: Self.precedes))
    }

    private static func precedes(_ a: [UInt8], _ b: [UInt8]) -> Bool { a.lexicographicallyPrecedes(b) }

    private func keys(beginningWith typed: [UInt8]) -> [[UInt8]] {
        guard let prefix = session.isHexadecimal ? Hexadecimal.decode(typed) : typed else { return [] }
        let range = KeyRange(prefix: prefix)
        var keys: [[UInt8]] = []
        func add(_ key: RawSpan) -> Bool {
            keys.append(session.isHexadecimal ? Hexadecimal.encode(key.bytes) : key.bytes)
            return keys.count < Self.maximumKeys
        }
        // A store that cannot be read says so when a command reads it.
        if let transaction = session.transaction {
            // Unguarded: that a key was offered must not make the commit depend on it.
            try? transaction.unguarded.forEach(range, reverse: false) { key, _ in add(key) }
        } else if let past = session.past?.snapshot {
            try? past.forEachKey(range) { add($0) }
        } else {
            try? session.database.read { try $0.forEachKey(range) { add($0) } }
        }
        return keys
    }

    private func files(beginningWith typed: [UInt8], _ start: Int, onlyFolders: Bool) -> Offer {
        let path = String(decoding: typed, as: UTF8.self)
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let beginning = path.dropFirst(folder.count)
        let names = (try? System.names(in: folder.isEmpty ? "." : folder))
        var offer = Offer(start: start, words: [])
        for name in (names ?? []).sorted()
        where name.hasPrefix(beginning) && (beginning.first == "." || name.first != ".") {
            let isFolder = System.isFolder(folder + name)
            guard isFolder || !onlyFolders else { continue }
            let word = Array((folder + name + (isFolder ? "/" : "")).utf8)
            offer.words.append(word)
            if isFolder { offer.goesOn.insert(word) }
        }
        return offer
    }
}

extension TextColumns {
    fileprivate static func trimmed(_ text: String) -> String {
        guard let last = text.lastIndex(where: { $0 != " " }) else { return "" }
        return String(text[...last])
    }
}
