import Foundation
import LSMTx

/// Adds jobs, has some threads work on them, and lets the program die in the middle on request.
@main
enum Main {
    static let usage = """
        usage: jobs FILE add COUNT
               jobs FILE work THREADS [--die-after COUNT]   kills itself after so many jobs
               jobs FILE status
        """

    static func main() {
        do {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            FileHandle.standardError.write(Data("jobs: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func run(_ words: [String]) throws {
        guard words.count >= 2 else { return print(usage) }
        let database = try Database(path: words[0])
        defer { try? database.close() }
        let queue = JobQueue(database: database)
        let number = words.count > 2 ? Int(words[2]) ?? 0 : 0
        switch words[1] {
        case "add" where number > 0:
            for job in 1...number { try queue.add("job \(job)") }
        case "work" where (1...64).contains(number):
            let recovered = try queue.recover()
            if recovered > 0 { print("\(recovered) jobs of a program that died wait again") }
            let last = words.count == 5 && words[3] == "--die-after" ? Int(words[4]) : nil
            try work(queue, threads: number, dieAfter: last ?? .max)
        case "status": break
        default: return print(usage)
        }
        let (waiting, running, done) = try queue.counts()
        print("\(waiting) waiting, \(running) running, \(done) done")
    }

    private static func work(_ queue: JobQueue, threads: Int, dieAfter last: Int) throws {
        let failures = Failures()
        // Not tasks: transactions block, and these threads are here for it.
        DispatchQueue.concurrentPerform(iterations: threads) { worker in
            do {
                var count = 0
                while try queue.take(for: worker) != nil {
                    count += 1
                    // In the middle of a job, without closing anything.
                    if count == last { kill(getpid(), SIGKILL) }
                    try queue.finish(by: worker)
                }
            } catch {
                failures.note(error)
            }
        }
        if let error = failures.first { throw error }
    }

    /// What went wrong in the threads.
    private final class Failures: @unchecked Sendable {
        // @unchecked: `first` is touched only with the lock held.
        private let lock = NSLock()
        private var noted: (any Error)?

        func note(_ error: any Error) { lock.withLock { noted = noted ?? error } }
        var first: (any Error)? { lock.withLock { noted } }
    }
}
