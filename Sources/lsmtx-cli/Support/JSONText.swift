#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// One key and its value as JSON. Text is `key` and `value`; bytes that are not UTF-8 are `key_base64` and
/// `value_base64`.
package struct JSONEntry: Codable, Equatable {
    package var key: [UInt8]
    package var value: [UInt8]

    package init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }

    private enum CodingKeys: String, CodingKey {
        case key
        case value
        case keyBase64 = "key_base64"
        case valueBase64 = "value_base64"
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        key = try Self.bytes(container, text: .key, base64: .keyBase64)
        value = try Self.bytes(container, text: .value, base64: .valueBase64)
    }

    private static func bytes(
        _ container: KeyedDecodingContainer<CodingKeys>, text: CodingKeys, base64: CodingKeys
    ) throws -> [UInt8] {
        guard !container.contains(text) || !container.contains(base64) else {
            throw JSONProblem(text: "\"\(text.rawValue)\" and \"\(base64.rawValue)\" exclude each other")
        }
        guard container.contains(base64) else {
            return Array(try container.decode(String.self, forKey: text).utf8)
        }
        guard let data = Data(base64Encoded: try container.decode(String.self, forKey: base64)) else {
            throw DecodingError.dataCorruptedError(forKey: base64, in: container, debugDescription: "not base64")
        }
        return Array(data)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        if let text = String(validating: key, as: UTF8.self) {
            try container.encode(text, forKey: .key)
        } else {
            try container.encode(Data(key).base64EncodedString(), forKey: .keyBase64)
        }
        if let text = String(validating: value, as: UTF8.self) {
            try container.encode(text, forKey: .value)
        } else {
            try container.encode(Data(value).base64EncodedString(), forKey: .valueBase64)
        }
    }
}

package enum JSONText {
    /// `value` as one line, its members in alphabetical order.
    package static func line(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    }

    /// `value` as several indented lines.
    package static func document(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    }

    /// The entry that a line holds, or what is wrong with the line.
    package static func entry(_ line: some Collection<UInt8>) -> Result<JSONEntry, JSONProblem> {
        do {
            return .success(try JSONDecoder().decode(JSONEntry.self, from: Data(line)))
        } catch let problem as JSONProblem {
            return .failure(problem)
        } catch let error as DecodingError {
            return .failure(JSONProblem(text: describe(error)))
        } catch {
            return .failure(JSONProblem(text: "not a JSON object"))
        }
    }

    private static func describe(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): "there is no \"\(key.stringValue)\""
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            context.codingPath.last.map { "\"\($0.stringValue)\" is not a string" } ?? "it is not a JSON object"
        case .dataCorrupted(let context):
            context.codingPath.last.map { "\"\($0.stringValue)\" is not base64" } ?? "it is not valid JSON"
        @unknown default: "it is not valid JSON"
        }
    }
}

package struct JSONProblem: Error, Equatable {
    package let text: String
}
