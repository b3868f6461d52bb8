#if Peers
import Foundation

/// The rows that need transactions, and those that read nothing.
extension Row {
    static let allMutations: [Row] = [.mutate, .mutateTwo, .mutateEight]

    static let allTransactions = allCases.filter(\.isTransaction)
}

extension Key {
    @inline(__always)
    func withPointer<R>(_ body: (UnsafePointer<CChar>) throws -> R) rethrows -> R {
        try withUnsafeBytes(of: self) { try body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
    }
}

extension Value {
    @inline(__always)
    func withPointer<R>(_ body: (UnsafePointer<CChar>) throws -> R) rethrows -> R {
        try withBytes { span in
            try span.withUnsafeBytes { try body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
        }
    }
}

/// Lets others go on after a lost attempt: where threads outnumber processors, the winner may be one that waits for a
/// processor, and without a pause most attempts lose against it again.
func pause(afterAttempt attempt: Int) {
    if attempt < 4 { sched_yield() } else { usleep(UInt32(min(attempt * 10, 500))) }
}

/// Where one thread's values are copied to, for engines that lend them.
final class ValueBuffer {
    private let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 4_096, alignment: 16)

    deinit { bytes.deallocate() }

    @inline(__always)
    func copy(_ source: UnsafeRawBufferPointer) throws -> UnsafeRawBufferPointer {
        guard source.count <= bytes.count else { throw Failure("A value has \(source.count) bytes.") }
        bytes.copyMemory(from: source)
        return UnsafeRawBufferPointer(rebasing: bytes[..<source.count])
    }
}
#endif
