extension HistoryEvent: Codable {
    private enum CodingKeys: String, CodingKey {
        case index
        case time
        case process
        case type
        case f
        case value
        case level
        case snap
        case commit
    }

    /// Reads an event from the shape that Jepsen writes.
    ///
    /// - Parameter decoder: What stands at one line.
    /// - Throws: `DecodingError` that says which member is wrong.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let word = try members.decode(String.self, forKey: .type)
        guard let kind = Kind(rawValue: word) else {
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: members, debugDescription: "expected invoke, ok, fail or info, found \"\(word)\"")
        }
        let levelWord = try members.decodeIfPresent(String.self, forKey: .level)
        let level = levelWord.flatMap(Level.init(rawValue:))
        guard (levelWord == nil) == (level == nil) else {
            throw DecodingError.dataCorruptedError(
                forKey: .level, in: members, debugDescription: "expected rc, si or ser")
        }
        var operations: [MicroOperation] = []
        // Jepsen's clients may begin without saying what they are going to do.
        let isUnsaid = try members.contains(.value) && members.decodeNil(forKey: .value)
        if !isUnsaid {
            var steps = try members.nestedUnkeyedContainer(forKey: .value)
            while !steps.isAtEnd { operations.append(try MicroOperation(steps.nestedUnkeyedContainer())) }
        }
        self.init(
            index: try members.decodeIfPresent(Int.self, forKey: .index) ?? 0,
            time: try members.decodeIfPresent(Int.self, forKey: .time) ?? 0,
            process: try members.decode(Int.self, forKey: .process), kind: kind, operations: operations, level: level,
            snapshot: try members.decodeIfPresent(UInt64.self, forKey: .snap),
            commit: try members.decodeIfPresent(UInt64.self, forKey: .commit))
    }

    /// Writes the event in the shape that Jepsen reads.
    ///
    /// - Parameter encoder: Where to.
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(index, forKey: .index)
        try members.encode(time, forKey: .time)
        try members.encode(process, forKey: .process)
        try members.encode(kind.rawValue, forKey: .type)
        try members.encode("txn", forKey: .f)
        try members.encode(operations, forKey: .value)
        try members.encodeIfPresent(level?.rawValue, forKey: .level)
        try members.encodeIfPresent(snapshot, forKey: .snap)
        try members.encodeIfPresent(commit, forKey: .commit)
    }
}

/// What a line of a history may be.
enum HistoryLine: Decodable {
    case event(HistoryEvent)
    /// An event of something that is no client, such as Jepsen's nemesis, whose process has a name and no number.
    case other

    init(from decoder: any Decoder) throws {
        do {
            self = .event(try HistoryEvent(from: decoder))
        } catch {
            let members = try? decoder.container(keyedBy: Members.self)
            guard (try? members?.decode(String.self, forKey: .process)) != nil else { throw error }
            self = .other
        }
    }

    private enum Members: String, CodingKey { case process }
}
