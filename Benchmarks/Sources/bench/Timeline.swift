/// What happened in each second of a run.
struct Timeline: Sendable {
    struct Second: Sendable {
        var puts = 0
        /// The longest put and get that ended in it, in nanoseconds.
        var longestPut: UInt64 = 0
        var longestGet: UInt64 = 0
        /// Length of the file and what it takes on the device, in bytes, at the end of the second.
        var fileBytes: UInt64 = 0
        var allocatedBytes: UInt64 = 0
        /// Bytes given to the system to write since the run began; `nil` where the system does not tell.
        var writtenBytes: UInt64?
    }

    private(set) var seconds: [Second]

    init(seconds count: Int) { seconds = Array(repeating: Second(), count: count) }

    /// The second of the run at `nanoseconds` since its start; what comes after the end counts for the last.
    @inline(__always)
    subscript(nanoseconds: UInt64) -> Second {
        get { seconds[min(Int(nanoseconds / 1_000_000_000), seconds.count - 1)] }
        set { seconds[min(Int(nanoseconds / 1_000_000_000), seconds.count - 1)] = newValue }
    }

    /// Adds what another thread saw.
    mutating func join(_ other: Timeline) {
        for index in seconds.indices {
            let theirs = other.seconds[index]
            seconds[index].puts += theirs.puts
            seconds[index].longestPut = max(seconds[index].longestPut, theirs.longestPut)
            seconds[index].longestGet = max(seconds[index].longestGet, theirs.longestGet)
            seconds[index].fileBytes = max(seconds[index].fileBytes, theirs.fileBytes)
            seconds[index].allocatedBytes = max(seconds[index].allocatedBytes, theirs.allocatedBytes)
            seconds[index].writtenBytes = seconds[index].writtenBytes ?? theirs.writtenBytes
        }
    }

    /// One line for each second.
    var csv: String {
        var lines = ["second,puts,longest_put_ms,longest_get_ms,file_bytes,allocated_bytes,written_bytes"]
        for (number, second) in seconds.enumerated() {
            let fields: [String] = [
                "\(number)", "\(second.puts)", "\(Double(second.longestPut) / 1e6)",
                "\(Double(second.longestGet) / 1e6)", "\(second.fileBytes)", "\(second.allocatedBytes)",
                second.writtenBytes.map { "\($0)" } ?? "",
            ]
            lines.append(fields.joined(separator: ","))
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
