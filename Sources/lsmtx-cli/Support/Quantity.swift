/// Durations and sizes as they are typed and shown: a whole number and a unit.
package enum Quantity {
    private static let durations: [(unit: String, factor: UInt64)] = [
        ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]
    private static let sizes: [(unit: String, factor: UInt64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
    ]

    /// `1h30m` or `90s` in milliseconds; `nil` for anything else.
    package static func milliseconds(_ text: String) -> UInt64? { parse(text, durations, isSum: true) }

    /// `64MiB` or `4096` in bytes; `nil` for anything else.
    package static func bytes(_ text: String) -> UInt64? { UInt64(text) ?? parse(text, sizes, isSum: false) }

    /// `5400000` as `1h30m`.
    package static func duration(_ milliseconds: UInt64) -> String { show(milliseconds, durations, isSum: true) }

    /// `67108864` as `64MiB`: in the largest unit that it is a whole number of.
    package static func size(_ bytes: UInt64) -> String { show(bytes, sizes, isSum: false) }

    private static func parse(_ text: String, _ units: [(unit: String, factor: UInt64)], isSum: Bool) -> UInt64? {
        var rest = text[...]
        var sum: UInt64 = 0
        repeat {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let unit = rest.dropFirst(digits.count).prefix { !($0.isASCII && $0.isNumber) }
            guard let number = UInt64(digits), let factor = units.first(where: { $0.unit == unit })?.factor else {
                return nil
            }
            let (part, isTooLarge) = number.multipliedReportingOverflow(by: factor)
            let (next, overflows) = sum.addingReportingOverflow(part)
            guard !isTooLarge, !overflows else { return nil }
            sum = next
            rest = rest.dropFirst(digits.count + unit.count)
        } while isSum && !rest.isEmpty
        return rest.isEmpty ? sum : nil
    }

    private static func show(_ amount: UInt64, _ units: [(unit: String, factor: UInt64)], isSum: Bool) -> String {
        let smallest = units[units.count - 1].unit
        guard amount > 0 else { return "0\(smallest)" }
        var rest = amount
        var text = ""
        for (unit, factor) in units where isSum ? rest >= factor : text.isEmpty && rest % factor == 0 {
            text += "\(rest / factor)\(unit)"
            rest %= factor
        }
        return text
    }
}
