/// What went wrong in the store, where, and what to do next.
///
/// ```swift
/// do {
///     try database.write { try $0.put("balance", "10") }
/// } catch let error as StoreError where error.code == .diskFull {
///     // Nothing was committed; free some space and try again.
/// }
/// ```
public struct StoreError: Error, Sendable, Equatable {
    /// The kind of failure, stable across releases.
    @nonexhaustive public enum Code: String, Sendable, CaseIterable {
        /// Another transaction changed something that this one rests on: see ``StoreError/conflict``. Run the whole
        /// transaction again.
        case conflict
        /// The file does not exist, and creating it was not allowed.
        case notFound
        /// No snapshot has that name.
        case noSuchSnapshot
        /// The state asked for is older than what is kept: see ``Retention``.
        case snapshotTooOld
        /// The file is not a store: it never was one, it is empty, or it is not a regular file.
        case notADatabase
        /// The file is a store of a format version that this build does not read.
        case unsupportedFormat
        /// Stored bytes fail their checksum or contradict each other.
        case corrupt
        /// Another handle has the file open in a way that excludes this one.
        case locked
        /// The handle, the file or the file system allows no writing.
        case readOnly
        /// The operating system reported a failure of the device or the file.
        case io
        /// There is no space left for the commit. It definitely did not happen.
        case diskFull
        /// A key, a value or a transaction is over its limit.
        case tooLarge
        /// The database, snapshot or transaction has been closed or has ended.
        case closed
        /// The commit may or may not survive: the device failed after its first byte was written.
        case outcomeUnknown
        /// An earlier write or sync failed, so no commit is accepted until the file is opened again.
        case poisoned
        /// The operation is not allowed here, whatever the data.
        case misuse
        /// The handle was inherited through `fork`, where it must not be used.
        case forkedHandle
        /// The task that the call belongs to was cancelled. The asynchronous call that it is within throws
        /// `CancellationError` instead.
        case interrupted
    }

    /// Where in the file, or which file, the failure concerns.
    public struct Location: Sendable, Equatable {
        /// Path of the file, when it is known.
        public var path: String?
        /// Byte offset in the file of the structure at fault.
        public var offset: UInt64?
        /// The structure at fault, in the words of the file format: `superblock`, `manifest`, `data block`, ...
        public var structure: String?
        /// The keys that cannot be read because of it.
        public var keys: KeyRange?

        /// Makes a location from what is known of it.
        ///
        /// - Parameters:
        ///   - path: Path of the file.
        ///   - offset: Byte offset in the file.
        ///   - structure: The structure at fault.
        ///   - keys: The keys that cannot be read because of it.
        public init(
            path: String? = nil, offset: UInt64? = nil, structure: String? = nil, keys: KeyRange? = nil
        ) {
            self.path = path
            self.offset = offset
            self.structure = structure
            self.keys = keys
        }
    }

    /// The kind of failure.
    public let code: Code
    /// One sentence that says what happened.
    public let message: String
    /// One sentence that says what to do next.
    public let remedy: String
    /// Where it happened.
    public let location: Location
    /// The error number of the system call that failed, if one did.
    public let errorNumber: Int32?
    /// Of a `conflict`: what another transaction changed, and when.
    public let conflict: Conflict?

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: The kind of failure.
    ///   - message: What happened, one sentence.
    ///   - remedy: What to do next, one sentence.
    ///   - location: Where it happened.
    ///   - errorNumber: The failed system call's error number.
    ///   - conflict: What another transaction changed, and when.
    public init(
        _ code: Code, _ message: String, remedy: String, at location: Location = Location(), errorNumber: Int32? = nil,
        conflict: Conflict? = nil
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.location = location
        self.errorNumber = errorNumber
        self.conflict = conflict
    }

    /// Whether running the whole transaction again can succeed without anything else being changed.
    public var isRetryable: Bool { code == .conflict }
}

extension StoreError: CustomStringConvertible {
    /// The message, the place and the remedy in one line.
    public var description: String {
        var place: [String] = []
        if let path = location.path { place.append(path) }
        if let structure = location.structure { place.append(structure) }
        if let offset = location.offset { place.append("offset \(offset)") }
        if let keys = location.keys { place.append(keys.words) }
        let parenthesis = place.isEmpty ? "" : " (\(place.joined(separator: ", ")))"
        return "\(message)\(parenthesis) \(remedy)"
    }
}

extension StoreError {
    /// Damage found in stored bytes.
    package static func corrupt(
        _ message: String, structure: String, offset: UInt64? = nil, keys: KeyRange? = nil
    ) -> StoreError {
        StoreError(
            .corrupt,
            message,
            remedy: "Run `lsmtx check` to see the extent of the damage, and restore the file from a backup.",
            at: Location(offset: offset, structure: structure, keys: keys)
        )
    }

    /// The same error for a place where something may have been written already: there, want of space is a failure of
    /// the device like any other, and must not look like the `diskFull` that changes nothing.
    package var afterWriting: StoreError {
        guard code == .diskFull else { return self }
        return StoreError(.io, message, remedy: remedy, at: location, errorNumber: errorNumber)
    }

    /// The same error with the keys that cannot be read because of it.
    package func covering(_ keys: KeyRange) -> StoreError {
        var known = location
        known.keys = keys
        return StoreError(code, message, remedy: remedy, at: known, errorNumber: errorNumber, conflict: conflict)
    }

    /// The same error with the file's path filled in, for the layers that know it.
    package func at(path: String?) -> StoreError {
        guard let path, location.path == nil else { return self }
        var known = location
        known.path = path
        return StoreError(code, message, remedy: remedy, at: known, errorNumber: errorNumber, conflict: conflict)
    }
}
