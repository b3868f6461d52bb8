internal import LSMTx
internal import LSMTxSimulation

/// A run of a spec: a store, the sessions on it, and the record of what they did. Steps are done one at a time, on the
/// caller's thread.
///
/// 1. A session's step begins a transaction if none is open.
/// 2. What the store answers becomes an ``Outcome``; an error that is no answer becomes ``Outcome/failed(_:)``.
/// 3. What was done and answered is recorded for the oracles and for the history, under the number of the step.
/// 4. At a crash, and when the database is closed, open transactions are lost. Their sessions hear of it at their next
///    step.
final class SpecMachine {
    let level: Level
    private let store: SimulatedStore
    private var generator: SeededGenerator
    private var sessions: [String: SpecSession] = [:]
    /// By session, where sessions have variables of their own; else all are under the empty name.
    private var variables: [String: [String: Outcome]] = [:]
    private let sharesVariables: Bool
    private var processes = 1
    private var cursors = 0

    /// What was done, the setup first if there is one.
    private(set) var transactions: [RunTransaction] = []
    /// The number of the step that is done next; the setup's is 0.
    private(set) var time = 1
    /// The transaction that the last step was part of.
    private(set) var lastTransaction: Int?
    /// What the last step has to say besides its outcome.
    private(set) var remark: String?

    /// Makes a new store and has it hold what the setup says.
    init(
        _ spec: Spec, level: Level, image: SimulatedStore.Image, file: SimulatedFile?, seed: UInt64,
        sharesVariables: Bool
    ) throws {
        self.level = level
        self.sharesVariables = sharesVariables
        generator = SeededGenerator(seed: seed)
        store = try SimulatedStore(image, in: file)
        if !spec.setup.isEmpty { try setUp(spec.setup) }
    }

    deinit {
        // Transactions and iterators hold the database, which is to go before its device.
        sessions = [:]
    }

    private func setUp(_ writes: [Spec.SetupWrite]) throws {
        guard let database = store.database else { return }
        var record = OracleTransaction(session: "setup", began: 0)
        let transaction = try database.begin(level.isolation)
        for item in writes {
            record.append(try write(item.write, in: transaction, of: ""), at: 0)
        }
        let commit = try store.during(.commit) { try transaction.commit() }
        record.ending = .committed
        record.ended = 0
        transactions.append(RunTransaction(record: record, process: 0, snapshot: 0, commit: commit.rawValue))
    }

    /// What all transactions have left, as a fresh transaction reads it.
    func contents() throws -> Outcome {
        guard let database = store.database else { throw Misuse(found: "a closed database", expected: "an open one") }
        do throws(StoreError) {
            let transaction = try database.begin(level.isolation)
            defer { transaction.rollback() }
            let found = transaction.scan().map { FoundEntry(key: $0.key, value: $0.value) }
            try EngineControl.checkScans(of: transaction)
            return .list(found)
        } catch {
            return .failed("\(error)")
        }
    }

    /// Ends what is still open.
    func rollBackAll() {
        for name in sessions.keys.sorted() where sessions[name]?.handle != nil { end(name, as: .aborted) }
    }

    // MARK: Steps

    /// Does a step.
    func run(_ step: Spec.Step) throws -> Outcome {
        defer { time += 1 }
        remark = nil
        lastTransaction = nil
        let outcome: Outcome
        do {
            switch step.action {
            case .database(let operation): outcome = try run(operation)
            case .transaction(let operation): outcome = try run(operation, of: step.session)
            }
        } catch let error as StoreError {
            outcome = .failed("\(error)")
        }
        if let binding = step.binding { variables[scope(of: step.session), default: [:]][binding] = outcome }
        return outcome
    }

    private func run(_ operation: Spec.Operation, of name: String) throws -> Outcome {
        if sessions[name] == nil { sessions[name] = SpecSession(process: takeProcess()) }
        if sessions[name]?.isLost == true { return hearOfLoss(name, operation) }
        if sessions[name]?.handle == nil {
            if case .begin(let isReadOnly) = operation {
                try begin(name, isReadOnly: isReadOnly)
                return .ok
            }
            try begin(name, isReadOnly: false)
        } else if case .begin = operation {
            throw Misuse(found: "begin", expected: "commit or rollback before it: \(name) has a transaction")
        }
        guard let session = sessions[name], let handle = session.handle else { return .gone }
        lastTransaction = session.place
        switch operation {
        case .commit: return try commit(name, handle)
        case .rollback:
            end(name, as: .aborted)
            return .ok
        case .get(let key):
            let value = try handle.reader.get(key)
            record(.get(key, found: value), of: name)
            return value.map { .value($0) } ?? .none
        case .scan(let scan): return try run(scan, handle, of: name)
        case .open(let cursor, let scan):
            cursors += 1
            let iterator = handle.reader.scan(scan.range, reverse: scan.isReversed, limit: scan.limit).makeIterator()
            try handle.checkScans()
            sessions[name]?.cursors[cursor] = SpecSession.Cursor(iterator: iterator, number: cursors)
            record(.open(cursor: cursors, scan.recorded), of: name)
            return .ok
        case .next(let cursor, let count): return try next(cursor, count, handle, of: name)
        case .begin, .write, .savepoint, .rollbackTo, .release, .guardReads:
            guard case .transaction(let transaction) = handle, !session.isReadOnly else {
                throw Misuse(found: "a change", expected: "reads only: the transaction began as read-only")
            }
            return try change(operation, transaction, of: name)
        }
    }

    private func change(_ operation: Spec.Operation, _ transaction: Transaction, of name: String) throws -> Outcome {
        switch operation {
        case .write(let write): record(try self.write(write, in: transaction, of: name), of: name)
        case .savepoint(let savepoint):
            sessions[name]?.savepoints[savepoint] = try transaction.savepoint()
            record(.savepoint(savepoint), of: name)
        case .rollbackTo(let savepoint):
            try transaction.rollback(to: try self.savepoint(savepoint, of: name))
            record(.rollbackTo(savepoint), of: name)
        case .release(let savepoint):
            try transaction.release(try self.savepoint(savepoint, of: name))
            record(.release(savepoint), of: name)
        case .guardReads(let low, let high):
            if let high {
                try transaction.addReadConflict(KeyRange(from: low, upTo: high))
            } else {
                try transaction.addReadConflict(key: low)
            }
            record(.guardReads(high.map { OracleSpan(from: low, upTo: $0) } ?? OracleSpan(low)), of: name)
        default: break
        }
        return .ok
    }

    private func begin(_ name: String, isReadOnly: Bool) throws {
        guard let database = store.database else {
            throw Misuse(found: "a step of \(name)", expected: "\"db reopen\" before it: the database is not open")
        }
        let handle: SpecSession.Handle
        if isReadOnly, level != .readCommitted {
            handle = .snapshot(try database.snapshot())
        } else {
            handle = .transaction(try database.begin(level.isolation))
        }
        guard var session = sessions[name] else { return }
        session.handle = handle
        session.isReadOnly = isReadOnly
        session.place = transactions.count
        sessions[name] = session
        lastTransaction = transactions.count
        transactions.append(
            RunTransaction(
                record: OracleTransaction(session: name, began: time), process: session.process,
                snapshot: handle.reader.timestamp.rawValue))
    }

    private func commit(_ name: String, _ handle: SpecSession.Handle) throws -> Outcome {
        do {
            switch handle {
            case .transaction(let transaction):
                let commit = try store.during(.commit) { try transaction.commit() }
                guard let place = sessions[name]?.place else { return .ok }
                if transactions[place].record.hasWrites { transactions[place].commit = commit.rawValue }
            case .snapshot: break
            }
            end(name, as: .committed)
            return .ok
        } catch let error as StoreError {
            switch error.code {
            case .conflict:
                end(name, as: .conflicted)
                return .conflict("\(error)")
            case .outcomeUnknown:
                end(name, as: .unknown)
                // In a history, a process that does not know how its transaction has ended does nothing more.
                sessions[name]?.process = takeProcess()
                return .unknown
            default:
                end(name, as: .aborted)
                throw error
            }
        }
    }

    private func end(_ name: String, as ending: OracleTransaction.Ending) {
        guard let session = sessions[name], let handle = session.handle else { return }
        transactions[session.place].record.ending = ending
        transactions[session.place].record.ended = time
        sessions[name]?.leave()
        handle.end()
    }

    // MARK: Reading

    private func run(_ scan: Spec.Scan, _ handle: SpecSession.Handle, of name: String) throws -> Outcome {
        let found = handle.reader.scan(scan.range, reverse: scan.isReversed, limit: scan.limit)
            .map { FoundEntry(key: $0.key, value: $0.value) }
        try handle.checkScans()
        record(.scan(scan.recorded, found: found.map(OracleMap.Entry.init)), of: name)
        return .list(found)
    }

    private func next(
        _ name: String, _ count: Int, _ handle: SpecSession.Handle, of session: String
    ) throws -> Outcome {
        guard var cursor = sessions[session]?.cursors[name] else {
            throw Misuse(found: "the cursor \(name)", expected: "one that \(session)'s transaction has opened")
        }
        var found: [FoundEntry] = []
        while found.count < count, let entry = cursor.iterator.next() {
            found.append(FoundEntry(key: entry.key, value: entry.value))
        }
        sessions[session]?.cursors[name] = cursor
        try handle.checkScans()
        record(
            .next(cursor: cursor.number, found: found.map(OracleMap.Entry.init), isLast: found.count < count),
            of: session)
        return .list(found)
    }

    private func savepoint(_ name: String, of session: String) throws -> Savepoint {
        guard let savepoint = sessions[session]?.savepoints[name] else {
            throw Misuse(found: "the savepoint \(name)", expected: "one of \(session)'s transaction")
        }
        return savepoint
    }

    // MARK: The database

    private func run(_ operation: Spec.DatabaseOperation) throws -> Outcome {
        switch operation {
        case .crash:
            for name in sessions.keys { lose(name, keepsHandle: false) }
            remark = try store.crash(using: &generator)
        case .reopen:
            guard store.database == nil else {
                throw Misuse(found: "reopen", expected: "\"db close\" or \"db crash\" before it: the database is open")
            }
            try store.reopen()
        case .failpoint(let name, let action):
            guard let place = Failpoint.Place(rawValue: name), let action = Failpoint.Action(rawValue: action),
                let failpoint = Failpoint(place, action)
            else { throw Misuse(found: "\(name) \(action)", expected: "a failpoint and what can happen there") }
            store.arm(failpoint)
        case .flush, .compact, .close, .versions:
            guard let control = store.control else {
                throw Misuse(found: "a step of db", expected: "\"db reopen\" before it: the database is not open")
            }
            return try run(operation, control)
        }
        return .ok
    }

    private func run(_ operation: Spec.DatabaseOperation, _ control: EngineControl) throws -> Outcome {
        switch operation {
        case .versions(let key): return .value(Array("\(try control.versions(of: key))".utf8))
        case .compact(let full):
            if full { try store.during(.flush) { try control.flush() } }
            try store.during(.compaction) { try control.compact(full: full) }
        case .close:
            for name in sessions.keys { lose(name, keepsHandle: true) }
            try store.close()
        default: try store.during(.flush) { try control.flush() }
        }
        return .ok
    }

    private func lose(_ name: String, keepsHandle: Bool) {
        guard var session = sessions[name] else { return }
        // What was lost before is of another process now.
        session.stale = nil
        if let handle = session.handle {
            transactions[session.place].record.ending = .aborted
            transactions[session.place].record.ended = time
            session.isLost = true
            if keepsHandle { session.stale = handle }
            session.leave()
        }
        sessions[name] = session
    }

    /// A transaction that was lost to a close is tried: it must know.
    private func hearOfLoss(_ name: String, _ operation: Spec.Operation) -> Outcome {
        lastTransaction = sessions[name]?.place
        let stale = sessions[name]?.stale
        sessions[name]?.isLost = false
        sessions[name]?.stale = nil
        guard let stale else { return .gone }
        do {
            if case .transaction(let transaction) = stale, case .commit = operation,
                transactions[sessions[name]?.place ?? 0].record.hasWrites
            {
                try transaction.commit()
            } else {
                _ = try stale.reader.get([0])
            }
            return .failed("A transaction outlived the database that it was of.")
        } catch {
            return error.code == .closed ? .gone : .failed("\(error)")
        }
    }

    // MARK: Values

    private func scope(of session: String) -> String { sharesVariables ? "" : session }

    private func write(
        _ write: Spec.Write, in transaction: Transaction, of session: String
    ) throws -> OracleTransaction.Operation {
        switch write {
        case .put(let key, let operand):
            let value = try bytes(of: operand, of: session)
            try transaction.put(key, value)
            return .put(key, value)
        case .delete(let key):
            try transaction.delete(key)
            return .delete(key)
        case .deleteRange(let low, let high):
            try transaction.deleteRange(KeyRange(from: low, upTo: high))
            return .deleteRange(OracleSpan(from: low, upTo: high))
        }
    }

    private func bytes(of operand: Spec.Operand, of session: String) throws -> [UInt8] {
        guard case .value(let bytes) = try value(of: operand, of: session) else {
            throw Misuse(found: "a variable that holds no value", expected: "one that does")
        }
        return bytes
    }

    /// What an operand stands for: a value; of a variable also a list or nothing.
    func value(of operand: Spec.Operand, of session: String) throws -> Outcome {
        switch operand {
        case .bytes(let bytes): return .value(bytes)
        case .variable(let name, let plus):
            guard let held = variables[scope(of: session)]?[name] else {
                throw Misuse(found: "$\(name)", expected: "a variable that has been bound at this level")
            }
            guard plus != 0 else { return held }
            guard case .value(let bytes) = held, let number = Int(String(decoding: bytes, as: UTF8.self)),
                case let (sum, overflow) = number.addingReportingOverflow(plus), !overflow
            else { throw Misuse(found: "$\(name) that holds \(held.text)", expected: "a decimal integer") }
            return .value(Array("\(sum)".utf8))
        }
    }

    // MARK: The record

    private func takeProcess() -> Int {
        defer { processes += 1 }
        return processes
    }

    private func record(_ operation: OracleTransaction.Operation, of name: String) {
        guard let place = sessions[name]?.place else { return }
        transactions[place].record.append(operation, at: time)
    }
}

extension OracleMap.Entry {
    init(_ entry: FoundEntry) { self.init(key: entry.key, value: entry.value) }
}

extension Spec.Scan {
    fileprivate var range: KeyRange {
        switch bounds {
        case .range(let low, let high): KeyRange(from: low, upTo: high)
        case .prefix(let prefix): KeyRange(prefix: prefix)
        }
    }

    fileprivate var recorded: OracleTransaction.Scan {
        switch bounds {
        case .range(let low, let high):
            OracleTransaction.Scan(OracleSpan(from: low, upTo: high), isReversed: isReversed, limit: limit)
        case .prefix(let prefix):
            OracleTransaction.Scan(OracleSpan(prefix: prefix), isReversed: isReversed, limit: limit)
        }
    }
}
