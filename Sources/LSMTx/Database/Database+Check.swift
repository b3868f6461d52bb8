extension Database {
    /// Reads the whole file and verifies every checksum, every reference, the order of keys, counts, filters, the log
    /// and the ownership of every page.
    ///
    /// The database can be used meanwhile.
    ///
    /// ```swift
    /// let report = try database.check()
    /// for finding in report.findings { print(finding) }
    /// ```
    ///
    /// - Parameter progress: Called now and then; an error that it throws ends the check, and is thrown here.
    /// - Returns: What was gone through and found. A file without damage has no findings.
    /// - Throws: `io` when the file cannot be read, `closed`, and what `progress` throws. Damage is not thrown.
    /// - Complexity: O(the size of the file).
    @available(*, noasync, message: "use `try await`; in top-level code, in a function")
    public func check(progress: ((CheckProgress) throws -> Void)? = nil) throws -> CheckReport {
        try core.check(progress: progress)
    }
}

extension DatabaseCore {
    func check(
        cancellation: Cancellation? = nil, progress: ((CheckProgress) throws -> Void)?
    ) throws -> CheckReport {
        try usingDevice {
            let result = try engine.check { done, total in
                try cancellation?.check()
                try progress?(CheckProgress(doneBytes: done, totalBytes: total))
            }
            return CheckReport(
                findings: result.findings.map {
                    Finding(message: $0.message, location: $0.at(path: path).location)
                },
                tables: result.tables, blocks: result.blocks, entries: result.entries, logGroups: result.logGroups,
                bytes: result.bytes)
        }
    }
}

/// How far a check has come.
///
/// ```swift
/// let report = try database.check { progress in
///     print("\(progress.doneBytes) of \(progress.totalBytes) bytes")
/// }
/// ```
public struct CheckProgress: Sendable, Hashable {
    /// Bytes of tables that have been verified.
    public let doneBytes: UInt64
    /// Bytes of tables in all.
    public let totalBytes: UInt64
}

/// What a check found in one place.
///
/// ```swift
/// for finding in try database.check().findings {
///     print(finding.message, finding.location.keys ?? .all)
/// }
/// ```
public struct Finding: Sendable, CustomStringConvertible {
    /// What is wrong, one sentence.
    public let message: String
    /// Where, and which keys it costs.
    public let location: StoreError.Location

    /// The message and the place in one line.
    public var description: String {
        var place: [String] = []
        if let structure = location.structure { place.append(structure) }
        if let offset = location.offset { place.append("offset \(offset)") }
        if let keys = location.keys { place.append(keys.words) }
        return place.isEmpty ? message : "\(message) (\(place.joined(separator: ", ")))"
    }
}

/// What a check went through and found.
///
/// ```swift
/// let report = try database.check()
/// let isSound = report.findings.isEmpty
/// ```
public struct CheckReport: Sendable {
    /// What is wrong; empty for a sound file.
    public let findings: [Finding]
    /// Tables verified.
    public let tables: Int
    /// Data blocks verified.
    public let blocks: Int
    /// Entries of tables verified.
    public let entries: UInt64
    /// Commit groups in the log verified.
    public let logGroups: Int
    /// Bytes verified.
    public let bytes: UInt64
}
