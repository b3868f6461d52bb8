// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are the header's, and so is what there is to say about them.

public import CLSMTx
internal import LSMTx

/// Tells a program's function how far a call has come, and ends the call when it wants that.
private struct ProgressReceiver {
    let function: lsmtx_progress_fn
    let user: UnsafeMutableRawPointer?

    func tell(_ done: UInt64, of total: UInt64) throws {
        guard function(user, done, total) != 0 else { return }
        throw StoreError(
            .interrupted, "The function that is told of the progress asked for an end.",
            remedy: "Call again to go on; what was done until then stays.")
    }
}

/// Runs what also throws what a closure of the interface itself has thrown, which is a store's error too.
private func rethrowing<R>(_ body: () throws -> R) throws(StoreError) -> R {
    do {
        return try body()
    } catch {
        if let known = error as? StoreError { throw known }
        throw Misuse.error("\(error)")
    }
}

@c @implementation
public func lsmtx_db_flush(_ db: OpaquePointer?, _ error: ErrorOut) -> lsmtx_status {
    administer(db, error) { database throws(StoreError) in try database.flush() }
}

@c @implementation
public func lsmtx_db_compact(
    _ db: OpaquePointer?, _ range: UnsafePointer<lsmtx_range>?, _ progress: lsmtx_progress_fn?,
    _ user: UnsafeMutableRawPointer?, _ error: ErrorOut
) -> lsmtx_status {
    administer(db, error) { database throws(StoreError) in
        let range = try Arguments.range(range)
        let receiver = progress.map { ProgressReceiver(function: $0, user: user) }
        try rethrowing {
            try database.compact(range) { try receiver?.tell($0.doneBytes, of: $0.totalBytes) }
        }
    }
}

// MARK: - Checking

/// What a check found, as a handle holds it.
final class ReportObject: HandleObject {
    static let mark: UInt64 = 0x4c53_4d54_7852_6570

    let summary: lsmtx_report_summary
    let findings: [lsmtx_finding]
    private let lent: Lent

    init(_ report: CheckReport) {
        var lent = Lent()
        summary = lsmtx_report_summary(
            size: MemoryLayout<lsmtx_report_summary>.size, findings: UInt64(report.findings.count),
            tables: UInt64(report.tables), blocks: UInt64(report.blocks), entries: report.entries,
            log_groups: UInt64(report.logGroups), bytes: report.bytes)
        findings = report.findings.map { finding in
            let keys = finding.location.keys
            return lsmtx_finding(
                size: MemoryLayout<lsmtx_finding>.size, message: lent.text(finding.message),
                text: lent.text(finding.description), structure: lent.text(finding.location.structure),
                offset: finding.location.offset ?? .max, has_keys: keys == nil ? 0 : 1, reserved: 0,
                lower: lent.slice(keys?.lowerBound), upper: lent.slice(keys?.upperBound))
        }
        self.lent = lent
    }
}

@c @implementation
public func lsmtx_db_check(
    _ db: OpaquePointer?, _ progress: lsmtx_progress_fn?, _ user: UnsafeMutableRawPointer?,
    _ report: UnsafeMutablePointer<OpaquePointer?>?, _ error: ErrorOut
) -> lsmtx_status {
    make(report, error) { () throws(StoreError) in
        let database = try Handle.use(db, DatabaseObject.self) { $0.database }
        let receiver = progress.map { ProgressReceiver(function: $0, user: user) }
        let found = try rethrowing {
            try database.check { try receiver?.tell($0.doneBytes, of: $0.totalBytes) }
        }
        return Handle.make(ReportObject(found))
    }
}

@c @implementation
public func lsmtx_report_get(
    _ report: OpaquePointer?, _ summary: UnsafeMutablePointer<lsmtx_report_summary>?, _ error: ErrorOut
) -> lsmtx_status {
    pick(report, ReportObject.self, 0, summary, error) { [$0.summary] }
}

@c @implementation
public func lsmtx_report_finding(
    _ report: OpaquePointer?, _ index: Int, _ finding: UnsafeMutablePointer<lsmtx_finding>?, _ error: ErrorOut
) -> lsmtx_status {
    pick(report, ReportObject.self, index, finding, error) { $0.findings }
}

@c @implementation
public func lsmtx_report_free(_ report: OpaquePointer?) { Handle.free(report, ReportObject.self) }
