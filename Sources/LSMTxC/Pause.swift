#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

enum Pause {
    /// Lets other threads run.
    static func shortly() { _ = sched_yield() }
}
