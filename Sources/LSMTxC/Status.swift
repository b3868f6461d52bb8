// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are the header's, and so is what there is to say about them.

public import CLSMTx
internal import LSMTx

/// The numbers of the interface's statuses.
enum Status {
    static let ok = lsmtx_status(LSMTX_OK)
    static let absent = lsmtx_status(LSMTX_ABSENT)
    static let end = lsmtx_status(LSMTX_END)
    static let tooSmall = lsmtx_status(LSMTX_TOO_SMALL)
    static let conflict = lsmtx_status(LSMTX_CONFLICT)

    static func of(_ code: StoreError.Code) -> lsmtx_status {
        let number =
            switch code {
            case .conflict: LSMTX_CONFLICT
            case .notFound: LSMTX_NO_SUCH_FILE
            case .noSuchSnapshot: LSMTX_NO_SUCH_SNAPSHOT
            case .snapshotTooOld: LSMTX_SNAPSHOT_TOO_OLD
            case .notADatabase: LSMTX_NOT_A_DATABASE
            case .unsupportedFormat: LSMTX_UNSUPPORTED_FORMAT
            case .corrupt: LSMTX_CORRUPT
            case .locked: LSMTX_LOCKED
            case .readOnly: LSMTX_READ_ONLY
            case .io: LSMTX_IO
            case .diskFull: LSMTX_DISK_FULL
            case .tooLarge: LSMTX_TOO_LARGE
            case .closed: LSMTX_CLOSED
            case .outcomeUnknown: LSMTX_OUTCOME_UNKNOWN
            case .poisoned: LSMTX_POISONED
            case .misuse: LSMTX_MISUSE
            case .forkedHandle: LSMTX_FORKED_HANDLE
            case .interrupted: LSMTX_INTERRUPTED
            }
        return lsmtx_status(number)
    }

    /// The code of a failure that a callback has returned; `nil` for a status that the interface does not know.
    static func code(of status: lsmtx_status) -> StoreError.Code? {
        StoreError.Code.allCases.first { of($0) == status }
    }

    static func name(of status: lsmtx_status) -> StaticString {
        switch Int(status) {
        case LSMTX_OK: "LSMTX_OK"
        case LSMTX_ABSENT: "LSMTX_ABSENT"
        case LSMTX_END: "LSMTX_END"
        case LSMTX_TOO_SMALL: "LSMTX_TOO_SMALL"
        case LSMTX_CONFLICT: "LSMTX_CONFLICT"
        case LSMTX_NO_SUCH_FILE: "LSMTX_NO_SUCH_FILE"
        case LSMTX_NO_SUCH_SNAPSHOT: "LSMTX_NO_SUCH_SNAPSHOT"
        case LSMTX_SNAPSHOT_TOO_OLD: "LSMTX_SNAPSHOT_TOO_OLD"
        case LSMTX_NOT_A_DATABASE: "LSMTX_NOT_A_DATABASE"
        case LSMTX_UNSUPPORTED_FORMAT: "LSMTX_UNSUPPORTED_FORMAT"
        case LSMTX_CORRUPT: "LSMTX_CORRUPT"
        case LSMTX_LOCKED: "LSMTX_LOCKED"
        case LSMTX_READ_ONLY: "LSMTX_READ_ONLY"
        case LSMTX_IO: "LSMTX_IO"
        case LSMTX_DISK_FULL: "LSMTX_DISK_FULL"
        case LSMTX_TOO_LARGE: "LSMTX_TOO_LARGE"
        case LSMTX_CLOSED: "LSMTX_CLOSED"
        case LSMTX_OUTCOME_UNKNOWN: "LSMTX_OUTCOME_UNKNOWN"
        case LSMTX_POISONED: "LSMTX_POISONED"
        case LSMTX_MISUSE: "LSMTX_MISUSE"
        case LSMTX_FORKED_HANDLE: "LSMTX_FORKED_HANDLE"
        case LSMTX_INTERRUPTED: "LSMTX_INTERRUPTED"
        default: "unknown status"
        }
    }
}

@c @implementation
public func lsmtx_status_name(_ status: lsmtx_status) -> UnsafePointer<CChar>? {
    text(Status.name(of: status))
}

@c @implementation
public func lsmtx_version_number() -> UInt32 { UInt32(LSMTX_VERSION_NUMBER) }

@c @implementation
public func lsmtx_version_text() -> UnsafePointer<CChar>? { text("0.1.0") }

@c @implementation
public func lsmtx_format_version() -> UInt32 { UInt32(Superblock.formatVersion) }

/// A literal as C has it: static strings end with a zero byte.
func text(_ literal: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(literal.utf8Start).assumingMemoryBound(to: CChar.self)
}
