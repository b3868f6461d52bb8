/// Numbers as people read them, and bars.
package enum Rendering {
    /// `1536` as `1.5 KiB`.
    package static func bytes(_ count: UInt64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var unit = 0
        var scaled = Double(count)
        while scaled >= 1024, unit < units.count - 1 {
            scaled /= 1024
            unit += 1
        }
        return unit == 0 ? "\(count) B" : "\(oneDecimal(scaled)) \(units[unit])"
    }

    /// `1234567` as `1,234,567`.
    package static func grouped(_ number: UInt64) -> String {
        let digits = Array(String(number))
        return digits.indices.reduce(into: "") { text, index in
            if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
            text.append(digits[index])
        }
    }

    /// `1 table`, `1,234 tables`; `1 entry`, `2 entries`.
    package static func count(_ number: UInt64, _ noun: String) -> String {
        let plural = noun.hasSuffix("y") ? noun.dropLast() + "ies" : noun + "s"
        return "\(grouped(number)) \(number == 1 ? noun : plural)"
    }

    package static func seconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let hundredths = attoseconds / 10_000_000_000_000_000
        return "\(seconds).\(hundredths < 10 ? "0" : "")\(hundredths)"
    }

    package static func milliseconds(nanoseconds: UInt64) -> String {
        "\(oneDecimal(Double(nanoseconds) / 1_000_000)) ms"
    }

    package static func percent(_ part: UInt64, of whole: UInt64) -> String {
        whole == 0 ? "-" : "\(oneDecimal(Double(part) * 100 / Double(whole)))%"
    }

    /// `part` of `whole` in eighths of a character.
    package static func bar(_ part: UInt64, of whole: UInt64, width: Int) -> String {
        guard whole > 0, width > 0 else { return "" }
        let eighths = Int((Double(min(part, whole)) / Double(whole) * Double(width * 8)).rounded())
        // What is there at all can be seen.
        let drawn = part > 0 ? max(1, eighths) : 0
        let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][drawn % 8]
        return String(repeating: "█", count: drawn / 8) + partial
    }

    private static func oneDecimal(_ number: Double) -> String {
        let tenths = UInt64((number * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
