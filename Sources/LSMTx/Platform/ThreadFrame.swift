internal import CLSMTxShims

/// Notes what the thread is in the middle of, so that it does not begin the same again inside of it.
///
/// Each thread has a list of owners, the innermost first, whose links lie on its stack: nothing is allocated, and the
/// list is as long as the closures nest.
enum ThreadFrame {
    /// Calls `body`, in which this thread can begin nothing else of the same owner.
    ///
    /// - Throws: `refusal`, when it is in the middle of something of that owner; what `body` throws.
    @inline(__always)
    static func within<R>(
        _ owner: AnyObject, orThrow refusal: @autoclosure () -> StoreError, _ body: () throws -> R
    ) throws -> R {
        var frame = lsmtx_frame()
        return try withUnsafeMutablePointer(to: &frame) { frame in
            guard lsmtx_frame_enter(frame, Unmanaged.passUnretained(owner).toOpaque()) else { throw refusal() }
            defer { lsmtx_frame_leave(frame) }
            return try body()
        }
    }
}
