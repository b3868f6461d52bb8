// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// The names are the header's, and so is what there is to say about them.

public import CLSMTx
internal import LSMTx

extension Configuration {
    /// What a C program asks for; the defaults for NULL.
    init(_ options: UnsafePointer<lsmtx_options>?, receiver: EventReceiver?) throws(StoreError) {
        self.init()
        guard let options else { return }
        let known = try Arguments.structure(options).pointee
        readOnly = known.read_only != 0
        createIfMissing = known.create_if_missing != 0
        cacheBytes = Int(clamping: known.cache_bytes)
        memtableBytes = Int(clamping: known.memtable_bytes)
        extentBytes = Int(clamping: known.extent_bytes)
        maximumTransactionBytes = Int(clamping: known.max_transaction_bytes)
        durability = try Arguments.durability(known.durability) ?? .sync
        if let limits = known.retention { retention = try Arguments.retention(limits) }
        if let receiver, known.on_event != nil { onEvent = { receiver.receive($0) } }
    }
}

@c @implementation
public func lsmtx_options_init(_ options: UnsafeMutablePointer<lsmtx_options>?, _ size: Int) -> lsmtx_status {
    guard let options, size == MemoryLayout<lsmtx_options>.size else { return Status.of(.misuse) }
    let defaults = Configuration()
    options.pointee = lsmtx_options(
        size: size, read_only: defaults.readOnly ? 1 : 0, create_if_missing: defaults.createIfMissing ? 1 : 0,
        cache_bytes: UInt64(defaults.cacheBytes), memtable_bytes: UInt64(defaults.memtableBytes),
        extent_bytes: UInt64(defaults.extentBytes), max_transaction_bytes: UInt64(defaults.maximumTransactionBytes),
        durability: Int32(LSMTX_DURABILITY_SYNC), reserved: 0, retention: nil, on_event: nil, event_user: nil,
        event_release: nil)
    return Status.ok
}

/// A C program's receiver of events.
final class EventReceiver: @unchecked Sendable {
    // @unchecked: the program's pointer is only passed on to the program, which says what it is for.
    private let function: lsmtx_event_fn?
    private let release: lsmtx_release_fn?
    private let user: UnsafeMutableRawPointer?

    /// Made before anything is refused, so that the program hears in any case that its pointer is not used any more.
    ///
    /// - Returns: `nil` where there are no options that can be read.
    init?(_ options: UnsafePointer<lsmtx_options>?) {
        guard let options, Arguments.sizeIsKnown(options) else { return nil }
        function = options.pointee.on_event
        release = options.pointee.event_release
        user = options.pointee.event_user
    }

    /// The last one that could call the program is gone.
    deinit { release?(user) }

    func receive(_ event: StoreEvent) {
        var lent = Lent()
        var error: OpaquePointer?
        var made = lsmtx_event()
        made.size = MemoryLayout<lsmtx_event>.size
        made.is_problem = event.isProblem ? 1 : 0
        made.text = lent.text(event.description)
        Self.fill(&made, from: event, &error)
        made.error = error
        function?(user, &made)
        Handle.free(error, ErrorObject.self)
    }

    private static func fill(_ made: inout lsmtx_event, from event: StoreEvent, _ error: inout OpaquePointer?) {
        let kind: Int
        switch event {
        case .opened(let opening):
            kind = LSMTX_EVENT_OPENED
            made.was_closed = opening.wasClosed ? 1 : 0
            made.recovered_groups = UInt64(opening.recoveredGroups)
            made.recovered_bytes = opening.recoveredBytes
            made.tables = UInt64(opening.tables)
            made.duration = nanoseconds(opening.duration)
        case .flushed(let flush):
            kind = LSMTX_EVENT_FLUSHED
            made.entries = flush.entries
            made.bytes_out = flush.bytes
            made.duration = nanoseconds(flush.duration)
        case .compacted(let work):
            kind = LSMTX_EVENT_COMPACTED
            made.from_level = Int32(work.fromLevel)
            made.into_level = Int32(work.intoLevel)
            made.tables_in = UInt64(work.tablesIn)
            made.tables = UInt64(work.tablesOut)
            made.bytes_in = work.bytesIn
            made.bytes_out = work.bytesOut
            made.dropped = work.droppedEntries
            made.duration = nanoseconds(work.duration)
        case .stallBegan(let reason):
            kind = LSMTX_EVENT_STALL_BEGAN
            made.stall_reason = number(of: reason)
        case .stallEnded(let reason, let duration):
            kind = LSMTX_EVENT_STALL_ENDED
            made.stall_reason = number(of: reason)
            made.duration = nanoseconds(duration)
        case .fileSizeChanged(let before, let now):
            kind = LSMTX_EVENT_FILE_SIZE_CHANGED
            made.bytes_in = before
            made.bytes_out = now
        case .outOfSpace(let found):
            kind = LSMTX_EVENT_OUT_OF_SPACE
            error = ErrorObject.handle(of: found)
        case .tableDamaged(let found):
            kind = LSMTX_EVENT_TABLE_DAMAGED
            error = ErrorObject.handle(of: found)
        case .failed(let found):
            kind = LSMTX_EVENT_FAILED
            error = ErrorObject.handle(of: found)
        case .dropped(let count):
            kind = LSMTX_EVENT_DROPPED
            made.dropped = UInt64(count)
        case .closed(let found):
            kind = LSMTX_EVENT_CLOSED
            error = found.map { ErrorObject.handle(of: $0) }
        }
        made.kind = Int32(kind)
    }

    private static func number(of reason: StoreEvent.StallReason) -> Int32 {
        switch reason {
        case .memtables: Int32(LSMTX_STALL_MEMTABLES)
        case .levelZero: Int32(LSMTX_STALL_LEVEL_ZERO)
        case .log: Int32(LSMTX_STALL_LOG)
        }
    }

    private static func nanoseconds(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        return UInt64(max(0, seconds)) &* 1_000_000_000 &+ UInt64(max(0, attoseconds) / 1_000_000_000)
    }
}
