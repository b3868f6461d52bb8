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
        self.init(
            index: try members.decode(Int.self, forKey: .index),
            time: try members.decode(Int.self, forKey: .time),
            process: try members.decode(Int.self, forKey: .process), kind: kind,
            operations: try members.decode([MicroOperation].self, forKey: .value), level: level,
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
