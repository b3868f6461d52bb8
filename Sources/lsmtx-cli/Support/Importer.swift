package import LSMTx

/// Commits the lines of an input, from several threads when asked to.
///
/// 1. The calling thread reads lines and hands them on in batches, through a queue that holds a few.
/// 2. Each worker takes a batch, parses its lines and commits it as one transaction.
/// 3. The first line at fault stops the reading; batches already handed on are still committed or dropped, and the
///    fault with the lowest line number is the one reported.
package final class Importer: Sendable {
    package enum Format: String, Sendable, CaseIterable {
        case jsonl
        case csv
        case hex
        case lines
    }

    package struct Problem: Sendable, Equatable {
        package var line: Int
        package var text: String
        package var status: ExitStatus
    }

    package struct Summary: Sendable {
        package var entries = 0
        package var commits = 0
        /// The line at fault that ended it.
        package var problem: Problem?
        /// What else did.
        package var failure: StoreError?
    }

    private struct Batch: Sendable {
        var lines: [(number: Int, bytes: [UInt8])] = []
    }

    private struct Queue: Sendable {
        var batches: [Batch] = []
        var isEnded = false
        var summary = Summary()
        var isStopped: Bool { summary.problem != nil || summary.failure != nil }
    }

    private let database: Database
    private let format: Format
    private let batchSize: Int
    private let hasHeader: Bool
    private let isRaw: Bool
    private let queue = Guarded(Queue())

    /// - Parameters:
    ///   - batchSize: Entries in a commit.
    ///   - hasHeader: Whether a CSV file begins with the names of its fields.
    ///   - isRaw: Whether the fields of a CSV file are bytes, in which a backslash is one.
    package init(
        database: Database, format: Format, batchSize: Int, hasHeader: Bool = false, isRaw: Bool = false
    ) {
        self.hasHeader = hasHeader
        self.isRaw = isRaw
        self.database = database
        self.format = format
        self.batchSize = batchSize
    }

    /// - Parameter progress: Called now and then with the number of entries committed.
    func run(_ lines: LineReader, threads: Int, progress: (Int) -> Void = { _ in }) throws -> Summary {
        let workers = try Workers(threads) { _ in
            while let batch = self.take() { self.commit(batch) }
        }
        do {
            try feed(lines, ahead: threads * 2, progress: progress)
        } catch {
            end()
            workers.join()
            throw error
        }
        end()
        workers.join()
        return queue.withLock { $0.summary }
    }

    private func feed(_ lines: LineReader, ahead: Int, progress: (Int) -> Void) throws {
        var batch = Batch()
        var number = 0
        if format == .csv, hasHeader, let header = try CSV.nextRecord(lines) {
            number = header.lines
            guard CSV.isHeader(header.bytes) else {
                let text = "expected the header 'key,value'. Omit '--header' when there is none."
                queue.withLock { $0.summary.problem = Problem(line: 1, text: text, status: .badData) }
                return
            }
        }
        while !System.isInterrupted, let (line, count) = try nextRecord(lines) {
            // An interrupted read ends early, and what it has is not the whole line.
            guard !System.isInterrupted else { break }
            defer { number += count - 1 }
            number += 1
            if Self.isBlank(line) { continue }
            batch.lines.append((number, line))
            guard batch.lines.count == batchSize else { continue }
            guard let count = hand(on: batch, ahead: ahead) else { return }
            progress(count)
            batch = Batch()
        }
        if !batch.lines.isEmpty { _ = hand(on: batch, ahead: ahead) }
    }

    private func nextRecord(_ lines: LineReader) throws -> (bytes: [UInt8], lines: Int)? {
        if format == .csv { return try CSV.nextRecord(lines) }
        return try lines.next().map { ($0, 1) }
    }

    private static func isBlank(_ line: [UInt8]) -> Bool {
        line.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
    }

    /// Waits for room in the queue. `nil` when nothing more is wanted.
    private func hand(on batch: Batch, ahead: Int) -> Int? {
        let count: Int?? = queue.wait { queue -> Int?? in
            if queue.isStopped { return .some(nil) }
            guard queue.batches.count < ahead else { return nil }
            queue.batches.append(batch)
            return queue.summary.entries
        }
        queue.notifyAll()
        return count ?? nil
    }

    private func end() {
        queue.withLock { $0.isEnded = true }
        queue.notifyAll()
    }

    private func take() -> Batch? {
        let batch: Batch?? = queue.wait { queue -> Batch?? in
            if queue.isStopped { return .some(nil) }
            if !queue.batches.isEmpty { return queue.batches.removeFirst() }
            return queue.isEnded ? .some(nil) : nil
        }
        queue.notifyAll()
        return batch ?? nil
    }

    private func commit(_ batch: Batch) {
        do {
            let entries = try batch.lines.map { try entry($0.bytes, line: $0.number) }
            var line = 0
            do {
                try database.write { transaction in
                    for (index, entry) in entries.enumerated() {
                        line = batch.lines[index].number
                        try transaction.put(entry.key, entry.value)
                    }
                }
            } catch let error as StoreError where error.code == .tooLarge {
                throw LineFault(Problem(line: line, text: error.description, status: .failure))
            }
            queue.withLock {
                $0.summary.entries += entries.count
                $0.summary.commits += 1
            }
        } catch let fault as LineFault {
            queue.withLock {
                let known = $0.summary.problem?.line ?? .max
                if fault.problem.line < known { $0.summary.problem = fault.problem }
            }
        } catch let error as StoreError {
            queue.withLock { $0.summary.failure = $0.summary.failure ?? error }
        } catch {
            preconditionFailure("a commit threw \(error)")
        }
        queue.notifyAll()
    }

    private struct LineFault: Error {
        let problem: Problem
        init(_ problem: Problem) { self.problem = problem }
    }

    private func entry(_ bytes: [UInt8], line: Int) throws -> JSONEntry {
        let result: Result<JSONEntry, JSONProblem> =
            switch format {
            case .lines: .success(JSONEntry(key: bytes, value: Array(String(line).utf8)))
            case .jsonl: JSONText.entry(bytes)
            case .csv: CSV.entry(bytes, isRaw: isRaw)
            case .hex: Self.hexadecimal(bytes)
            }
        switch result {
        case .success(let entry): return entry
        case .failure(let problem):
            throw LineFault(Problem(line: line, text: "\(problem.text).", status: .badData))
        }
    }

    private static func hexadecimal(_ line: [UInt8]) -> Result<JSONEntry, JSONProblem> {
        let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
        guard fields.count == 2, let key = Hexadecimal.decode(Array(fields[0])),
            let value = Hexadecimal.decode(Array(fields[1]))
        else {
            return .failure(
                JSONProblem(text: "expected two even numbers of hexadecimal digits, with a tab between them"))
        }
        return .success(JSONEntry(key: key, value: value))
    }
}
