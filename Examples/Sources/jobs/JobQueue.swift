import LSMTx

/// A queue of jobs that survives the process, for any number of threads.
///
///     waiting/VERSIONSTAMP       a job that nobody has; the stamp puts them in the order in which they came
///     running/WORKER             the job that a worker has
///     done                       how many are done, a counter
///
/// A job is at any moment in exactly one of the three places, since each move is one transaction.
struct JobQueue: Sendable {
    let database: Database

    private static let waiting = KeyRange(prefix: "waiting/")
    private static let running = KeyRange(prefix: "running/")
    private static let stamped = Array("waiting/".utf8) + [UInt8](repeating: 0, count: 10)

    func add(_ job: String) throws {
        try database.write { t in
            try t.put(versionstampedKey: Self.stamped, at: Self.stamped.count - 10, job)
        }
    }

    /// Takes the oldest job. Of several workers that want it, one gets it; the others run again and take the next.
    ///
    /// - Returns: The job, or `nil` when none waits.
    func take(for worker: Int) throws -> String? {
        try database.write(label: "take") { t in
            for first in t.scan(Self.waiting, limit: 1) {
                try t.delete(first.key)
                try t.put("running/\(worker)", first.value)
                return String(decoding: first.value, as: UTF8.self)
            }
            return nil
        }
    }

    /// A job is done; `.add` reads nothing, so workers that finish at the same time do not conflict.
    func finish(by worker: Int) throws {
        try database.write { t in
            try t.delete("running/\(worker)")
            try t.mutate("done", .add(1))
        }
    }

    /// Puts back what workers had when the process ended.
    ///
    /// - Returns: How many jobs that were.
    func recover() throws -> Int {
        try database.write { t in
            var count = 0
            for lost in t.scan(Self.running) {
                try t.delete(lost.key)
                try t.put(versionstampedKey: Self.stamped + lost.key, at: Self.stamped.count - 10, lost.value)
                count += 1
            }
            return count
        }
    }

    /// How many jobs are waiting, running and done, all as of one moment.
    func counts() throws -> (waiting: Int, running: Int, done: Int64) {
        try database.read { snapshot in
            let done =
                try snapshot.withValue("done") { Int64(littleEndian: $0.unsafeLoadUnaligned(as: Int64.self)) } ?? 0
            return (
                snapshot.scan(Self.waiting).count { _ in true }, snapshot.scan(Self.running).count { _ in true }, done
            )
        }
    }
}
