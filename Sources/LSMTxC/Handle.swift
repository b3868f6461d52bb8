internal import CLSMTx
internal import LSMTx
internal import Synchronization

/// What a handle of the interface stands for.
protocol HandleObject: AnyObject {
    /// The first word of the handles of this type, which tells them from those of other types.
    static var mark: UInt64 { get }
}

/// What a pointer that a C program holds points to: a word that says what it is, and the object, which it owns.
///
/// The word is looked at in every call. It costs a load and a comparison, and finds a handle of another type, which
/// languages without C's types pass easily, and most that were freed.
struct Handle {
    private var mark: UInt64
    private let object: UnsafeMutableRawPointer

    /// Makes a handle that owns `object`.
    static func make<Object: HandleObject>(_ object: Object) -> OpaquePointer {
        let handle = UnsafeMutablePointer<Handle>.allocate(capacity: 1)
        handle.initialize(to: Handle(mark: Object.mark, object: Unmanaged.passRetained(object).toOpaque()))
        return OpaquePointer(handle)
    }

    /// Calls `body` with the object, without counting references: whoever frees the handle meanwhile breaks the
    /// interface's rules.
    ///
    /// - Throws: `misuse` for no handle, and for one of another type; what `body` throws.
    @inline(__always)
    static func use<Object: HandleObject, R>(
        _ handle: OpaquePointer?, _: Object.Type, _ body: (Object) throws(StoreError) -> R
    ) throws(StoreError) -> R {
        guard let object = find(handle, Object.self) else { throw handle == nil ? Misuse.noHandle : Misuse.wrongHandle }
        // The standard library's call rethrows only untyped errors, so the result carries them.
        return try object._withUnsafeGuaranteedRef { object in
            Result { () throws(StoreError) in try body(object) }
        }.get()
    }

    /// One call on the object of a handle: ``use(_:_:_:)`` and `call` in one, so that no result is carried in between, whose
    /// errors are large. It saves 10 ns on calls that are made by the million.
    @inline(__always)
    static func call<Object: HandleObject>(
        _ handle: OpaquePointer?, _: Object.Type, _ error: ErrorOut,
        _ body: (Object) throws(StoreError) -> lsmtx_status
    ) -> lsmtx_status {
        guard let object = find(handle, Object.self) else {
            return fail(handle == nil ? Misuse.noHandle : Misuse.wrongHandle, error)
        }
        return object._withUnsafeGuaranteedRef { object in
            LSMTxC.call(error) { () throws(StoreError) in try body(object) }
        }
    }

    /// The object, or `nil` for what is no handle of this type.
    static func object<Object: HandleObject>(_ handle: OpaquePointer?, _: Object.Type) -> Object? {
        find(handle, Object.self)?.takeUnretainedValue()
    }

    @inline(__always)
    private static func find<Object: HandleObject>(_ handle: OpaquePointer?, _: Object.Type) -> Unmanaged<Object>? {
        guard let handle else { return nil }
        let pointer = UnsafePointer<Handle>(handle)
        guard pointer.pointee.mark == Object.mark else { return nil }
        return .fromOpaque(pointer.pointee.object)
    }

    /// Frees a handle and gives up its object, after `end` was called with it. What is no handle of this type is left alone.
    static func free<Object: HandleObject>(
        _ handle: OpaquePointer?, _: Object.Type, _ end: (Object) -> Void = { _ in }
    ) {
        guard let handle, let object = find(handle, Object.self) else { return }
        end(object.takeUnretainedValue())
        let pointer = UnsafeMutablePointer<Handle>(handle)
        pointer.pointee.mark = 0
        pointer.deallocate()
        object.release()
    }
}

/// Lets one call at a time into what belongs to one thread at a time.
///
/// The C compiler does not know of Swift's rules, so a second call that overlaps is refused instead of destroying
/// memory. It costs one atomic exchange and one store, some 6 ns.
///
/// Rejected: to let the thread that made the handle in by plain stores, and to have all threads pass a fence when the first
/// other one comes. In runs that alternated, no difference was found.
final class Turnstile: Sendable {
    private let isInUse = Atomic<Bool>(false)

    /// - Throws: `misuse` when another call is within; what `body` throws.
    @inline(__always)
    func pass<R>(_ body: () throws(StoreError) -> R) throws(StoreError) -> R {
        guard !isInUse.exchange(true, ordering: .acquiring) else { throw Misuse.overlap }
        defer { isInUse.store(false, ordering: .releasing) }
        return try body()
    }

    /// Waits for its turn: for what cannot fail, as freeing.
    func waitAndPass(_ body: () -> Void) {
        while isInUse.exchange(true, ordering: .acquiring) { Pause.shortly() }
        defer { isInUse.store(false, ordering: .releasing) }
        body()
    }
}

// MARK: - Calls

/// Where a call leaves its error.
public typealias ErrorOut = UnsafeMutablePointer<OpaquePointer?>?

/// Runs the body of one call of the interface, and turns what it throws into a status and an error object.
@inline(__always)
func call(_ error: ErrorOut, _ body: () throws(StoreError) -> lsmtx_status) -> lsmtx_status {
    do throws(StoreError) {
        let status = try body()
        error?.pointee = nil
        return status
    } catch let thrown {
        return fail(thrown, error)
    }
}

@inline(never)
func fail(_ thrown: StoreError, _ error: ErrorOut) -> lsmtx_status {
    error?.pointee = ErrorObject.handle(of: thrown)
    return Status.of(thrown.code)
}

/// Runs the body of a call that makes a handle: there is none after a failure.
@inline(__always)
func make(
    _ made: UnsafeMutablePointer<OpaquePointer?>?, _ error: ErrorOut,
    _ body: () throws(StoreError) -> OpaquePointer
) -> lsmtx_status {
    made?.pointee = nil
    return call(error) { () throws(StoreError) in
        guard let made else { throw Misuse.noOut }
        made.pointee = try body()
        return Status.ok
    }
}
