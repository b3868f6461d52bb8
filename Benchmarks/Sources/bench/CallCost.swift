import CCalls
import Foundation

/// What the command line of the comparison with C says.
struct CallCostOptions {
    var rounds = 15
    var slices = 7
    var count = 20_000
    var operations = 20_000
    var directory = FileManager.default.temporaryDirectory.path
    var library = "../.build/c-library/lib/liblsmtx.so.0"

    static let usage = """
        Usage: bench c [--rounds N] [--slices N] [--operations N] [--count N] [--library PATH] [--dir PATH]

        Measures what a call costs in C beside the same call in Swift: a store with N keys of 16 bytes and values of 100
        bytes for each of the two, filled in the same way. Each round opens both anew, and does so many slices of so many
        operations of each, the one and the other first in turn. The library for C, which Scripts/build-c-library
        makes, is loaded at run time.
        """

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            if name == "--help" { throw Failure(Self.usage) }
            guard let value = rest.popFirst() else { throw Failure("\(name) needs a value.\n\(Self.usage)") }
            switch name {
            case "--rounds": rounds = try Options.number(name, value)
            case "--slices": slices = try Options.number(name, value)
            case "--count": count = try Options.number(name, value)
            case "--operations": operations = try Options.number(name, value)
            case "--library": library = value
            case "--dir": directory = value
            default: throw Failure("\(name) is no option.\n\(Self.usage)")
            }
        }
    }
}

/// What a call from C adds to the same call from Swift.
struct CallCost {
    let options: CallCostOptions

    /// Nanoseconds of all operations.
    private typealias SwiftLoop = (SwiftCalls) throws -> UInt64

    private struct Pair {
        let name: String
        let inSwift: SwiftLoop
        let inC: ccalls_loop
        var ofSwift: [Double] = []
        var ofC: [Double] = []

        init(_ name: String, _ inSwift: @escaping SwiftLoop, _ inC: @escaping ccalls_loop) {
            self.name = name
            self.inSwift = inSwift
            self.inC = inC
        }
    }

    func run() throws {
        if let problem = ccalls_load(options.library) { throw Failure(String(cString: problem)) }
        let workspace = try Workspace(in: options.directory)
        defer { workspace.remove() }
        let order = Bench.shuffledNumbers(options.count)
        let keys = UnsafeMutableBufferPointer<Key>.allocate(capacity: order.count)
        defer { keys.deallocate() }
        _ = keys.initialize(from: order.map { Key(Int($0)) })

        let keyBytes = UnsafeRawPointer(keys.baseAddress!).assumingMemoryBound(to: UInt8.self)
        let forSwift = workspace.path + "/swift.lsmtx"
        let forC = workspace.path + "/c.lsmtx"
        for path in [forSwift, forC] { try SwiftCalls.fill(path, keys: UnsafeBufferPointer(keys)) }

        var pairs = [
            Pair("get", { try $0.get() }, ccalls_get),
            Pair("get, newest", { try $0.getNewest() }, ccalls_get_newest),
            Pair("put", { try $0.put() }, ccalls_put),
            Pair("put and commit", { try $0.commit() }, ccalls_commit),
            Pair("next, Cursor", { try $0.walk() }, ccalls_next),
            Pair("next, forEach", { try $0.forEach() }, ccalls_next),
            Pair("next_many", { try $0.forEach() }, ccalls_next_many),
        ]
        for _ in 0..<options.rounds {
            let swiftCalls = try SwiftCalls(
                forSwift, keys: UnsafeBufferPointer(keys), operations: options.operations)
            guard let store = ccalls_open(forC, SwiftCalls.cacheBytes, SwiftCalls.memtableBytes) else {
                throw Failure("The library for C cannot open a store.")
            }
            defer { ccalls_close(store) }
            // Fills the caches of both.
            _ = try swiftCalls.get()
            _ = ccalls_get(store, keyBytes, keys.count, options.operations)
            for index in pairs.indices {
                for isSwift in (0..<options.slices).flatMap({ $0 % 2 == 0 ? [true, false] : [false, true] }) {
                    if isSwift {
                        pairs[index].ofSwift.append(Double(try pairs[index].inSwift(swiftCalls)))
                    } else {
                        let spent = pairs[index].inC(store, keyBytes, keys.count, options.operations)
                        guard spent >= 0 else { throw Failure("\(pairs[index].name) in C has a wrong answer.") }
                        pairs[index].ofC.append(Double(spent))
                    }
                }
            }
            try swiftCalls.close()
        }
        report(pairs)
    }

    private func report(_ pairs: [Pair]) {
        print("Nanoseconds of processor time per call: median, and the middle half, of")
        print("\(options.rounds) rounds of \(options.slices) slices of \(options.operations) calls.")
        print("")
        print("call              Swift                  C                      C adds")
        for pair in pairs {
            let operations = Double(operations(of: pair))
            let ofSwift = pair.ofSwift.map { $0 / operations }
            let ofC = pair.ofC.map { $0 / operations }
            let added = zip(ofC, ofSwift).map { $0 - $1 }
            let goal = Self.median(added) <= 30 ? "met" : "MISSED"
            print(
                Self.padded(pair.name, 17), Self.padded(Self.text(ofSwift), 22), Self.padded(Self.text(ofC), 22),
                Self.padded(Self.text(added), 22), "goal 30: \(goal)")
        }
    }

    /// A walk goes on to its end.
    private func operations(of pair: Pair) -> Int {
        guard pair.name.hasPrefix("next") else { return options.operations }
        return (options.operations + options.count - 1) / options.count * options.count
    }

    private static func text(_ values: [Double]) -> String {
        let sorted = values.sorted()
        return String(
            format: "%.0f (%.0f to %.0f)", median(values), sorted[sorted.count / 4], sorted[sorted.count * 3 / 4])
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
