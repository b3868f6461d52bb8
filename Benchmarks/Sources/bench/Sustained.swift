import Foundation

/// A load of random overwrites over minutes, with a snapshot from before that is scanned all the while.
struct Sustained {
    let engine: Engine
    let options: SustainedOptions

    private static let getEveryMicroseconds: UInt32 = 1_000

    /// What one thread saw.
    private struct Observed: Sendable {
        var timeline: Timeline
        var puts = LatencyHistogram()
        var gets = LatencyHistogram()
        var scans = 0.0
    }

    func run() throws -> SustainedReport {
        let workspace = try Workspace(in: options.directory)
        defer { workspace.remove() }
        let path = try workspace.folder(engine.name)
        let store = try engine.open(path, false)
        try fill(store)
        let filled = Workspace.size(of: path)
        let writtenBefore = ProcessIO.writtenBytes ?? 0
        let observed = try overwrite(store, path: path, writtenBefore: writtenBefore)
        let written = ProcessIO.writtenBytes.map { $0 - writtenBefore }
        let waits = try store.waits()
        let closing = try Clock.measure { try store.close() }
        let closed = Workspace.size(of: path)
        return SustainedReport(
            options: options, timeline: observed.timeline, puts: observed.puts, gets: observed.gets,
            scans: observed.scans, writtenBytes: written, filledBytes: filled.length,
            waits: waits, closeSeconds: closing.seconds, closedBytes: closed.length)
    }

    private func fill(_ store: Store) throws {
        let session = try store.session()
        for number in 0..<options.count {
            let key = Key(number * 2)
            try session.put(key, Value(of: key, generation: 0))
        }
        try store.flush()
    }

    private func overwrite(_ store: Store, path: String, writtenBefore: UInt64) throws -> Observed {
        let snapshot = try store.session()
        let all = Joined(Observed(timeline: Timeline(seconds: options.seconds)))
        let start = Clock.nanoseconds
        let end = start + UInt64(options.seconds) * 1_000_000_000
        let writers = options.writers
        // Only the scanning thread uses the session, after this one has made it.
        nonisolated(unsafe) let scanned = snapshot
        _ = try onThreads(writers + 3) { [self] thread in
            var observed = Observed(timeline: Timeline(seconds: options.seconds))
            switch thread {
            case 0: watch(path, start: start, end: end, writtenBefore: writtenBefore, into: &observed)
            case 1: try scan(scanned, end: end, into: &observed)
            case 2: try get(try store.session(), start: start, end: end, into: &observed)
            default: try put(try store.session(), seed: thread, start: start, end: end, into: &observed)
            }
            all.join(observed)
        }
        return all.value
    }

    private func put(
        _ session: Session, seed: Int, start: UInt64, end: UInt64, into observed: inout Observed
    ) throws {
        var generator = Generator(seed: seed)
        var before = Clock.nanoseconds
        var generation: UInt64 = 1
        while before < end {
            let key = Key(generator.below(options.count) * 2)
            try session.put(key, Value(of: key, generation: generation))
            generation += 1
            let now = Clock.nanoseconds
            let took = now - before
            observed.puts.note(took)
            observed.timeline[now - start].puts += 1
            observed.timeline[now - start].longestPut = max(observed.timeline[now - start].longestPut, took)
            before = now
        }
    }

    private func get(_ session: Session, start: UInt64, end: UInt64, into observed: inout Observed) throws {
        var generator = Generator(seed: 1_000)
        var isValid = true
        while Clock.nanoseconds < end {
            let key = Key(generator.below(options.count) * 2)
            let before = Clock.nanoseconds
            let isThere = try session.getNewest(key) { isValid = isValid && Value.isValid($0, digits: key.digits) }
            let now = Clock.nanoseconds
            guard isThere, isValid else { throw Failure("A value is wrong or missing.") }
            observed.gets.note(now - before)
            observed.timeline[now - start].longestGet = max(observed.timeline[now - start].longestGet, now - before)
            usleep(Self.getEveryMicroseconds)
        }
    }

    /// Every scan must show exactly what was filled.
    private func scan(_ session: Session, end: UInt64, into observed: inout Observed) throws {
        while Clock.nanoseconds < end {
            var number = 0
            var isValid = true
            try session.scan(nil, false) { key, value in
                let expected = Key(number * 2).digits
                isValid =
                    isValid && Key.digits(of: key) == expected && Value.generation(value) == 0
                    && Value.isValid(value, digits: expected)
                number += 1
                return isValid && (number & 1023 != 0 || Clock.nanoseconds < end)
            }
            let isWhole = number == options.count
            guard isValid, isWhole || Clock.nanoseconds >= end else {
                throw Failure("The snapshot showed something wrong at entry \(number) of \(options.count).")
            }
            observed.scans += Double(number) / Double(options.count)
        }
    }

    private func watch(
        _ path: String, start: UInt64, end: UInt64, writtenBefore: UInt64, into observed: inout Observed
    ) {
        var next = start + 1_000_000_000
        while next <= end {
            let now = Clock.nanoseconds
            if now < next { usleep(UInt32((next - now) / 1_000)) }
            let size = Workspace.size(of: path)
            let place = next - start - 1
            observed.timeline[place].fileBytes = size.length
            observed.timeline[place].allocatedBytes = size.allocated
            observed.timeline[place].writtenBytes = ProcessIO.writtenBytes.map { $0 - writtenBefore }
            next += 1_000_000_000
        }
    }

    /// What all threads saw.
    private final class Joined: @unchecked Sendable {
        // @unchecked: `value` is only touched with the lock held, or after all threads have ended.
        private let lock = NSLock()
        private(set) var value: Observed

        init(_ value: Observed) { self.value = value }

        func join(_ other: Observed) {
            lock.withLock {
                value.timeline.join(other.timeline)
                value.puts.join(other.puts)
                value.gets.join(other.gets)
                value.scans += other.scans
            }
        }
    }
}
