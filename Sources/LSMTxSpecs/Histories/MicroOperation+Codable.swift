extension MicroOperation: Codable {
    /// Reads `["r",key,value]`, `["w",key,value]`, `["append",key,element]`, `["del",key]` or
    /// `["scan",from,to,[[key,value],…]]` with an optional fifth member, `{"limit":n,"reverse":true}`. `get` and `put`
    /// are the same as `r` and `w`.
    ///
    /// - Parameter decoder: What stands at one step.
    /// - Throws: `DecodingError` that says what was expected.
    public init(from decoder: any Decoder) throws {
        self = try MicroOperation(decoder.unkeyedContainer())
    }

    /// Reads a step from its members.
    ///
    /// It asks the containers themselves for what is in them: a type of its own at each place would be looked up, and
    /// would fail as an error object, which together took most of the time.
    init(_ container: any UnkeyedDecodingContainer) throws {
        var members = container
        switch try members.decode(String.self) {
        case "r", "get":
            let key = try members.key()
            self = .read(key, members.isAtEnd ? nil : try members.value())
        case "w", "put": self = .write(try members.key(), try members.presentValue())
        case "append": self = .append(try members.key(), try members.presentValue())
        case "del", "delete": self = .delete(try members.key())
        case "scan":
            var scan = ScanRecord(from: try members.key(), to: try members.key(), pairs: nil)
            if !members.isAtEnd, try !members.decodeNil() {
                scan.pairs = try Self.pairs(members.nestedUnkeyedContainer())
            }
            if !members.isAtEnd {
                let modifiers = try members.decode(ScanModifiers.self)
                scan.limit = modifiers.limit
                scan.isReverse = modifiers.reverse ?? false
                guard scan.limit ?? 0 >= 0 else {
                    throw DecodingError.dataCorruptedError(
                        in: members, debugDescription: "expected a limit of 0 or more")
                }
            }
            self = .scan(scan)
        case let word:
            throw DecodingError.dataCorruptedError(
                in: members, debugDescription: "expected r, w, append, del or scan, found \"\(word)\"")
        }
        guard members.isAtEnd else {
            throw DecodingError.dataCorruptedError(in: members, debugDescription: "expected the end of the step")
        }
    }

    private static func pairs(_ container: any UnkeyedDecodingContainer) throws -> [ScanRecord.Pair] {
        var container = container
        var pairs: [ScanRecord.Pair] = []
        while !container.isAtEnd {
            var pair = try container.nestedUnkeyedContainer()
            pairs.append(ScanRecord.Pair(key: try pair.key(), value: try pair.presentValue()))
            guard pair.isAtEnd else {
                throw DecodingError.dataCorruptedError(in: pair, debugDescription: "expected a key and a value")
            }
        }
        return pairs
    }

    /// Writes the step as Jepsen has it.
    ///
    /// - Parameter encoder: Where to.
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var members = encoder.unkeyedContainer()
        switch self {
        case .read(let key, let value):
            try members.encode("r")
            try members.encode(key)
            if let value { try members.encode(value) } else { try members.encodeNil() }
        case .write(let key, let value):
            try members.encode("w")
            try members.encode(key)
            try members.encode(value)
        case .delete(let key):
            try members.encode("del")
            try members.encode(key)
        case .append(let key, let value):
            try members.encode("append")
            try members.encode(key)
            try members.encode(value)
        case .scan(let scan):
            try members.encode("scan")
            try members.encode(scan.lower)
            try members.encode(scan.upper)
            if let pairs = scan.pairs {
                var list = members.nestedUnkeyedContainer()
                for pair in pairs {
                    var member = list.nestedUnkeyedContainer()
                    try member.encode(pair.key)
                    try member.encode(pair.value)
                }
            } else {
                try members.encodeNil()
            }
            if scan.limit != nil || scan.isReverse {
                try members.encode(ScanModifiers(limit: scan.limit, reverse: scan.isReverse ? true : nil))
            }
        }
    }
}

private struct ScanModifiers: Codable {
    var limit: Int?
    var reverse: Bool?
}

extension UnkeyedDecodingContainer {
    /// A key; Jepsen's are often numbers.
    fileprivate mutating func key() throws -> String {
        if let text = try? decode(String.self) { return text }
        if let number = try? decode(Int.self) { return "\(number)" }
        throw DecodingError.dataCorruptedError(in: self, debugDescription: "expected a key")
    }

    fileprivate mutating func value() throws -> HistoryValue? {
        if try decodeNil() { return nil }
        // A mismatch costs an error object, so the commonest kinds are tried first.
        if let number = try? decode(Int.self) { return .integer(number) }
        if var list = try? nestedUnkeyedContainer() {
            var elements: [HistoryValue] = []
            while !list.isAtEnd { elements.append(try list.presentValue()) }
            return .list(elements)
        }
        if let text = try? decode(String.self) { return .text(text) }
        throw DecodingError.dataCorruptedError(
            in: self, debugDescription: "expected a whole number, text or a list of them")
    }

    fileprivate mutating func presentValue() throws -> HistoryValue {
        guard !isAtEnd, let value = try value() else {
            throw DecodingError.dataCorruptedError(in: self, debugDescription: "expected a value")
        }
        return value
    }
}

extension HistoryValue: Encodable {
    /// Writes the value.
    ///
    /// - Parameter encoder: Where to.
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .integer(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        case .list(let elements): try container.encode(elements)
        }
    }
}
