#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The system's clocks. The wall clock labels commits for people; nothing that must be correct depends on it.
package enum SystemClock {
    /// Milliseconds since 1970, a few milliseconds coarse where that is cheaper to read; 0 before 1970.
    package static var wallMilliseconds: UInt64 {
        #if os(Linux)
        let time = read(CLOCK_REALTIME_COARSE)
        #else
        let time = read(CLOCK_REALTIME)
        #endif
        let milliseconds = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
        return UInt64(max(0, milliseconds))
    }

    /// Nanoseconds since some moment in the past. It never goes back, and stands still while the system sleeps.
    package static var monotonicNanoseconds: UInt64 {
        let time = read(CLOCK_MONOTONIC)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Blocks the thread for about this long.
    package static func sleep(microseconds: Int) {
        var time = timespec()
        time.tv_sec = microseconds / 1_000_000
        time.tv_nsec = (microseconds % 1_000_000) * 1000
        nanosleep(&time, nil)
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }
}
