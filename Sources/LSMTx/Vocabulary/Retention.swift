/// How much of the past stays readable: the newest commits, as far as every limit allows.
///
/// It is a property of the file. A timestamp within the limits can be read at any time; older ones only while a named
/// or an open snapshot holds them. What nobody can read any more is dropped when tables are compacted. A limit in time
/// believes the clock: where that is set forward, older states go early; the newest one never does.
///
/// ```swift
/// try database.setRetention(Retention(keep: .seconds(7 * 24 * 3600)))
/// let limits = try database.retention
/// ```
public struct Retention: Sendable, Hashable {
    /// What was current within this time can be read; counted in whole milliseconds. `nil` for no limit in time.
    public var keep: Duration?
    /// The newest so many commits, and what was there before them, can be read. `nil` for no limit.
    public var commits: UInt64?
    /// The commits of the newest so many bytes of log can be read. `nil` for no limit.
    public var logBytes: UInt64?

    /// Makes a retention from its limits. Of several, the tightest counts; without any, everything stays readable.
    ///
    /// - Parameters:
    ///   - keep: How far back in time; not negative, at most a hundred million days. `nil` for no limit.
    ///   - commits: How many commits. `nil` for no limit.
    ///   - logBytes: How many bytes of log. `nil` for no limit.
    public init(keep: Duration? = nil, commits: UInt64? = nil, logBytes: UInt64? = nil) {
        self.keep = keep
        self.commits = commits
        self.logBytes = logBytes
    }

    /// What a new file has: the last hour, but no more than the newest 100,000 commits and 64 MiB of log.
    public static let standard = Retention(keep: .seconds(3600), commits: 100_000, logBytes: 64 << 20)

    /// Nothing but the present, and what snapshots hold.
    ///
    /// It is not called `none`, which would stand for `nil` wherever an optional is expected.
    public static let snapshotsOnly = Retention(commits: 0)
}

extension Retention {
    /// A hundred million days.
    package static let maximumMilliseconds: UInt64 = 8_640_000_000_000_000

    /// ``keep`` in milliseconds, rounded up.
    package var keepMilliseconds: UInt64? {
        guard let keep, keep >= .zero else { return nil }
        let (seconds, attoseconds) = keep.components
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1000)
        let part = UInt64((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
        return overflow ? Self.maximumMilliseconds + 1 : whole + part
    }

    /// The same limits as the file holds them.
    ///
    /// - Throws: `misuse` when the time is negative or too long.
    package func checked() throws(StoreError) -> Retention {
        guard keep != nil else { return self }
        guard let milliseconds = keepMilliseconds, milliseconds <= Self.maximumMilliseconds else {
            throw StoreError(
                .misuse, "A retention of this time is not possible.",
                remedy: "Choose 0 to a hundred million days, or no limit.")
        }
        var result = self
        result.keep = .milliseconds(milliseconds)
        return result
    }
}
