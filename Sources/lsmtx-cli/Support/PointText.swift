package import LSMTx

/// Points in time as they are typed: digits alone are a timestamp, what begins like a date is an ISO 8601 time, anything
/// else is a snapshot's name. Names of the first two kinds cannot be given.
package enum PointText {
    package static func parse(_ text: String) throws -> PointInTime {
        if !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            guard let number = UInt64(text) else { throw UsageError("The timestamp '\(text)' is too large.") }
            return .timestamp(Timestamp(rawValue: number))
        }
        guard NamedSnapshot.resemblesTime(text) else { return .named(text) }
        guard let milliseconds = milliseconds(iso8601: text) else {
            throw UsageError(
                """
                '\(Escaping.terminal(Array(text.utf8)))' is not a time: 2026-11-20, 2026-11-20T10:00, \
                2026-11-20T10:00:00.5Z or 2026-11-20T10:00:00+02:00.
                """)
        }
        return .unixTime(milliseconds: milliseconds)
    }

    /// Milliseconds since 1970, rounded down; without an offset, the time is in UTC. `nil` for what is no time, or no day
    /// of the calendar. (The parser of FoundationEssentials takes the 30th of February, 25 o'clock, and whatever follows.)
    package static func milliseconds(iso8601 text: String) -> Int64? {
        let pattern =
            /([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?/
        guard let match = text.wholeMatch(of: pattern)?.output,
            let year = Int64(match.1), let month = Int64(match.2), let day = Int64(match.3)
        else { return nil }
        let hour = Int64(match.4 ?? "0") ?? 0
        let minute = Int64(match.5 ?? "0") ?? 0
        let second = Int64(match.6 ?? "0") ?? 0
        let fraction = Int64(((match.7 ?? "0") + "00").prefix(3)) ?? 0
        guard (1...12).contains(month), day >= 1, day <= days(inMonth: month, of: year), hour < 24, minute < 60,
            second < 60, let offset = offsetMinutes(match.8 ?? "Z")
        else { return nil }
        let minutes = (daysSince1970(year, month, day) * 24 + hour) * 60 + minute - offset
        return (minutes * 60 + second) * 1000 + fraction
    }

    private static func offsetMinutes(_ text: Substring) -> Int64? {
        guard let sign = text.first, sign == "+" || sign == "-" else { return 0 }
        let digits = text.dropFirst().filter { $0 != ":" }
        let (hours, minutes) = (Int64(digits.prefix(2)) ?? 0, Int64(digits.dropFirst(2)) ?? 0)
        guard hours < 24, minutes < 60 else { return nil }
        return (sign == "-" ? -1 : 1) * (hours * 60 + minutes)
    }

    private static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Years are counted from the first of March, so that the day that comes and goes is the last.
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let leapDays = (shifted >= 0 ? shifted : shifted - 3) / 4 - shifted / 100 + shifted / 400
        return shifted * 365 + leapDays + dayOfYear - 719_468
    }
}

extension Invocation {
    /// The state that an option names.
    func point(_ option: Option) throws -> PointInTime {
        try text(option).map { try PointText.parse($0) } ?? .latest
    }
}

extension Option {
    static let asOf = Option(
        "as-of", value: "point", completion: .snapshotName,
        help: "Read the past: at a timestamp, an ISO 8601 time, or a snapshot's name.")
}
