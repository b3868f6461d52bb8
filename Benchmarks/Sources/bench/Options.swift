import Foundation

/// What the command line says.
struct Options {
    var runs = 3
    var count = 500_000
    /// Rows to report; empty for all.
    var rows: [String] = []
    var directory = FileManager.default.temporaryDirectory.path
    var json: String?
    var cacheBytes = 512 << 20
    var memtableBytes = 64 << 20
    var syncSeconds = 1.0
    var repeats = 1

    static let usage = """
        Usage: bench [--runs N] [--rows a,b] [--count N] [--dir PATH] [--json PATH] [--cache-mb N] [--memtable-mb N]
                     [--sync-seconds S] [--repeats N]

        Fills a store with N keys of 16 bytes and values of 100 bytes, reads it in several ways, and reports the median
        of all runs with the lowest and highest. --rows limits the report to rows whose names begin as given; --repeats
        runs each reading row so many times within a run, for profiling.

        `bench sustained --help`: random overwrites for minutes, with a plot.
        """

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            if name == "--help" { throw Failure(Self.usage) }
            guard let value = rest.popFirst() else { throw Failure("\(name) needs a value.\n\(Self.usage)") }
            switch name {
            case "--runs": runs = try Self.number(name, value)
            case "--rows": rows = value.split(separator: ",").map(String.init)
            case "--count": count = try Self.number(name, value)
            case "--dir": directory = value
            case "--json": json = value
            case "--cache-mb": cacheBytes = try Self.number(name, value) << 20
            case "--memtable-mb": memtableBytes = try Self.number(name, value) << 20
            case "--repeats": repeats = try Self.number(name, value)
            case "--sync-seconds":
                guard let seconds = Double(value), seconds > 0 else { throw Failure("\(name) \(value) is no time.") }
                syncSeconds = seconds
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

    func wants(_ row: Row) -> Bool {
        rows.isEmpty || rows.contains { row.rawValue == $0 || row.rawValue.hasPrefix($0 + ":") }
    }

    func wants(_ some: [Row]) -> Bool { some.contains(where: wants) }
}
