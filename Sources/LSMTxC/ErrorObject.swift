// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are the header's, and so is what there is to say about them.

public import CLSMTx
internal import LSMTx

/// An error with its texts, as C has them.
final class ErrorObject: HandleObject {
    static let mark: UInt64 = 0x4c53_4d54_7845_7272

    let error: StoreError
    let description: UnsafePointer<CChar>
    let message: UnsafePointer<CChar>
    let remedy: UnsafePointer<CChar>
    let path: UnsafePointer<CChar>?
    let structure: UnsafePointer<CChar>?
    let lower: lsmtx_slice
    let upper: lsmtx_slice
    let conflict: lsmtx_conflict?
    private var lent: Lent

    init(_ found: StoreError) {
        let error = Words.inC(found)
        var lent = Lent()
        self.error = error
        description = lent.text(error.description)
        message = lent.text(error.message)
        remedy = lent.text(error.remedy)
        path = lent.text(error.location.path)
        structure = lent.text(error.location.structure)
        lower = lent.slice(error.location.keys?.lowerBound)
        upper = lent.slice(error.location.keys?.upperBound)
        if let found = error.conflict {
            conflict = lsmtx_conflict(
                size: MemoryLayout<lsmtx_conflict>.size, lower: lent.slice(found.keys.lowerBound),
                upper: lent.slice(found.keys.upperBound), key: lent.slice(found.key),
                access: Int32(found.access == .read ? LSMTX_ACCESS_READ : LSMTX_ACCESS_WRITE), reserved: 0,
                began: found.began.rawValue, committed_at: found.committedAt.rawValue, label: lent.text(found.label),
                other_label: lent.text(found.otherLabel))
        } else {
            conflict = nil
        }
        self.lent = lent
    }

    static func handle(of error: StoreError) -> OpaquePointer { Handle.make(ErrorObject(error)) }

    static func of(_ handle: OpaquePointer?) -> ErrorObject? { Handle.object(handle, ErrorObject.self) }
}

@c @implementation
public func lsmtx_error_status(_ error: OpaquePointer?) -> lsmtx_status {
    ErrorObject.of(error).map { Status.of($0.error.code) } ?? Status.ok
}

@c @implementation
public func lsmtx_error_description(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
    ErrorObject.of(error)?.description ?? text("")
}

@c @implementation
public func lsmtx_error_message(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
    ErrorObject.of(error)?.message ?? text("")
}

@c @implementation
public func lsmtx_error_remedy(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
    ErrorObject.of(error)?.remedy ?? text("")
}

@c @implementation
public func lsmtx_error_path(_ error: OpaquePointer?) -> UnsafePointer<CChar>? { ErrorObject.of(error)?.path }

@c @implementation
public func lsmtx_error_structure(_ error: OpaquePointer?) -> UnsafePointer<CChar>? { ErrorObject.of(error)?.structure }

@c @implementation
public func lsmtx_error_offset(_ error: OpaquePointer?) -> UInt64 {
    ErrorObject.of(error)?.error.location.offset ?? .max
}

@c @implementation
public func lsmtx_error_errno(_ error: OpaquePointer?) -> Int32 { ErrorObject.of(error)?.error.errorNumber ?? 0 }

@c @implementation
public func lsmtx_error_is_retryable(_ error: OpaquePointer?) -> Int32 {
    ErrorObject.of(error)?.error.isRetryable == true ? 1 : 0
}

@c @implementation
public func lsmtx_error_keys(
    _ error: OpaquePointer?, _ lower: UnsafeMutablePointer<lsmtx_slice>?, _ upper: UnsafeMutablePointer<lsmtx_slice>?
) -> Int32 {
    guard let object = ErrorObject.of(error), object.lower.data != nil, let lower, let upper else { return 0 }
    lower.pointee = object.lower
    upper.pointee = object.upper
    return 1
}

@c @implementation
public func lsmtx_error_conflict(_ error: OpaquePointer?, _ conflict: UnsafeMutablePointer<lsmtx_conflict>?) -> Int32 {
    guard let found = ErrorObject.of(error)?.conflict, let conflict, Arguments.sizeIsKnown(conflict) else { return 0 }
    conflict.pointee = found
    return 1
}

@c @implementation
public func lsmtx_error_free(_ error: OpaquePointer?) { Handle.free(error, ErrorObject.self) }
