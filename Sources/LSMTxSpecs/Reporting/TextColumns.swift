/// Text by the columns that it takes on a terminal.
package enum TextColumns {
    /// How many columns a text takes: two for each wide character, none for one that goes onto the one before it.
    package static func width(of text: some StringProtocol) -> Int {
        text.unicodeScalars.reduce(0) { $0 + width(of: $1) }
    }

    private static func width(of scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        // Vowels and final consonants of Hangul go onto the consonant before them.
        if (0x1160...0x11FF).contains(scalar.value) { return 0 }
        // Two regional indicators make a flag of two columns.
        let isEmoji = scalar.properties.isEmojiPresentation && !(0x1F1E6...0x1F1FF).contains(scalar.value)
        return isEmoji || wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    /// What Unicode's East Asian Width calls wide or full width, by blocks. Emoji that stand alone as pictures are too.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x17000...0x18CFF, 0x1B000...0x1B2FF,
        0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]

    /// The text, filled with blanks up to a width. A longer one stays as it is.
    package static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - Self.width(of: text)))
    }

    /// The text in lines of at most a width, broken at blanks where there are some.
    package static func wrapped(_ text: String, to width: Int) -> [String] {
        precondition(width >= 2, "a wide character takes two columns")
        var lines: [String] = []
        var line = ""
        var taken = 0
        func end() {
            lines.append(line)
            (line, taken) = ("", 0)
        }
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            let length = Self.width(of: word)
            if !line.isEmpty, taken + 1 + length <= width {
                line += " " + word
                taken += 1 + length
                continue
            }
            if !line.isEmpty { end() }
            for character in word {
                let length = Self.width(of: String(character))
                if taken + length > width, !line.isEmpty { end() }
                line.append(character)
                taken += length
            }
        }
        if !line.isEmpty || lines.isEmpty { end() }
        return lines
    }

    /// The text, or as much of it as goes into a width with an ellipsis behind it.
    package static func shortened(_ text: String, to width: Int) -> String {
        guard Self.width(of: text) > width else { return text }
        var start = ""
        var taken = 1
        for character in text {
            taken += Self.width(of: String(character))
            if taken > width { break }
            start.append(character)
        }
        return start + "…"
    }

    /// The text on one line, without anything that steers a terminal or turns the direction of writing round.
    package static func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A: result += "\\n"
            case 0x09: result += "\\t"
            case 0..<0x20, 0x7F..<0xA0:
                result += "\\x\(scalar.value < 16 ? "0" : "")\(String(scalar.value, radix: 16))"
            case 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
