import Foundation

/// What the command line of the sustained load says.
struct SustainedOptions {
    var seconds = 300
    var dataMegabytes = 1024
    var cacheBytes = 64 << 20
    var memtableBytes = 64 << 20
    var writers = 1
    var directory = FileManager.default.temporaryDirectory.path
    var svg: String?
    var csv: String?

    static let usage = """
        Usage: bench sustained [--seconds N] [--data-mb N] [--cache-mb N] [--memtable-mb N] [--writers N] [--dir PATH]
                               [--svg PATH] [--csv PATH]

        Fills a store with so much data in keys of 16 bytes and values of 100 bytes, then overwrites keys at random for
        so many seconds, one buffered put per transaction, while one snapshot from before is scanned again and again
        and every entry of it compared, and another thread gets a random key each millisecond. Reports throughput,
        pauses, bytes written for each byte put, and the file's size over time; --svg plots them second by second.
        """

    /// Keys and values that make up the data.
    var count: Int { dataMegabytes * 1_000_000 / (Key.byteCount + Value.byteCount) }

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            if name == "--help" { throw Failure(Self.usage) }
            guard let value = rest.popFirst() else { throw Failure("\(name) needs a value.\n\(Self.usage)") }
            switch name {
            case "--seconds": seconds = try Options.number(name, value)
            case "--data-mb": dataMegabytes = try Options.number(name, value)
            case "--cache-mb": cacheBytes = try Options.number(name, value) << 20
            case "--memtable-mb": memtableBytes = try Options.number(name, value) << 20
            case "--writers": writers = try Options.number(name, value)
            case "--dir": directory = value
            case "--svg": svg = value
            case "--csv": csv = value
            default: throw Failure("\(name) is no option.\n\(Self.usage)")
            }
        }
        guard count < 1 << 30 else { throw Failure("--data-mb \(dataMegabytes) is too much for the keys there are.") }
    }
}
