import Foundation

/// What the command line says.
struct Options {
    var runs = 3
    var count = 500_000
    /// Rows to report; empty for all.
    var rows: [String] = []
    /// Engines to measure; empty for all there are.
    var engines: [String] = []
    var directory = FileManager.default.temporaryDirectory.path
    var json: String?
    var html: String?
    var cacheBytes = 512 << 20
    var memtableBytes = 64 << 20
    var syncSeconds = 1.0
    /// The longest that a transaction row takes.
    var rowSeconds = 0.75
    var repeats = 1
    var isSelfCheck = false

    static let usage = """
        Usage: bench [--engines a,b] [--runs N] [--rows a,b] [--count N] [--dir PATH] [--json PATH] [--html PATH]
                     [--cache-mb N] [--memtable-mb N] [--sync-seconds S] [--row-seconds S] [--repeats N]
               bench --self-check

        Fills a store with N keys of 16 bytes and values of 100 bytes, reads it in several ways, and reports the median
        of all runs with the lowest and highest. --rows limits the report to rows whose names begin as given; a
        transaction row ends after --row-seconds; --repeats runs each reading row so many times within a run, for
        profiling. --self-check breaks every engine in several ways, and fails where a row does not notice.
        Engines: \(Engines.names.joined(separator: ", ")).

        `bench sustained --help`: random overwrites for minutes, with a plot.
        `bench c --help`: what a call from C adds to one from Swift.
        """

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            if name == "--help" { throw Failure(Self.usage) }
            if name == "--self-check" {
                isSelfCheck = true
                continue
            }
            guard let value = rest.popFirst() else { throw Failure("\(name) needs a value.\n\(Self.usage)") }
            switch name {
            case "--runs": runs = try Self.number(name, value)
            case "--rows": rows = value.split(separator: ",").map(String.init)
            case "--engines": engines = value.split(separator: ",").map(String.init)
            case "--count": count = try Self.number(name, value)
            case "--dir": directory = value
            case "--json": json = value
            case "--html": html = value
            case "--cache-mb": cacheBytes = try Self.number(name, value) << 20
            case "--memtable-mb": memtableBytes = try Self.number(name, value) << 20
            case "--repeats": repeats = try Self.number(name, value)
            case "--sync-seconds": syncSeconds = try Self.seconds(name, value)
            case "--row-seconds": rowSeconds = try Self.seconds(name, value)
            default: throw Failure("\(name) is no option.\n\(Self.usage)")
            }
        }
    }

    static func number(_ name: String, _ value: String) throws -> Int {
        guard let number = Int(value), (1...1 << 30).contains(number) else {
            throw Failure("\(name) \(value) is not a number from 1 to 2^30.")
        }
        return number
    }

    private static func seconds(_ name: String, _ value: String) throws -> Double {
        guard let seconds = Double(value), seconds > 0, seconds < 1e6 else {
            throw Failure("\(name) \(value) is no time.")
        }
        return seconds
    }

    func wants(_ row: Row) -> Bool {
        rows.isEmpty || rows.contains { row.rawValue == $0 || row.rawValue.hasPrefix($0 + ":") }
    }
}
