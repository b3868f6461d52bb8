import CLSMTx
import LSMTxTestSupport
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Threads as a C program has them.
enum Thread {
    /// Runs `body` on so many threads at once, and waits for all.
    static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let threads = (0..<count).map { number in Worker { body(number) } }
        for thread in threads { thread.join() }
    }

    static func pause() { usleep(200) }

    private final class Worker: Sendable {
        private let thread: Mutex<pthread_t?>

        init(_ body: @escaping @Sendable () -> Void) {
            final class Box: Sendable {
                let body: @Sendable () -> Void
                init(_ body: @escaping @Sendable () -> Void) { self.body = body }
            }
            #if canImport(Darwin)
            var made: pthread_t?
            #else
            var made = pthread_t()
            #endif
            let box = Unmanaged.passRetained(Box(body)).toOpaque()
            let result = pthread_create(
                &made, nil,
                { box in
                    #if canImport(Darwin)
                    Unmanaged<Box>.fromOpaque(box).takeRetainedValue().body()
                    #else
                    Unmanaged<Box>.fromOpaque(box!).takeRetainedValue().body()
                    #endif
                    return nil
                }, box)
            precondition(result == 0)
            thread = Mutex(made)
        }

        func join() { _ = thread.withLock { pthread_join($0!, nil) } }
    }
}

/// A handle that threads share.
struct Shared: @unchecked Sendable {
    // @unchecked: the pointer is a handle, and what of it may be used at once is what the tests are about.
    let handle: OpaquePointer?
    init(_ handle: OpaquePointer?) { self.handle = handle }
}

@Suite struct ThreadTests {
    @Test func aDatabaseAndASnapshotAreShared() throws {
        try C.withStore { db in
            for number in 0..<100 { C.put(db, "k\(number)", "0") }
            var snapshot: OpaquePointer?
            #expect(lsmtx_snapshot_open(db, nil, &snapshot, nil) == C.ok)
            let (db, snapshot2) = (Shared(db), Shared(snapshot))
            let wrong = Atomic<Int>(0)
            Thread.run(4) { thread in
                let buffer = lsmtx_buffer_create()
                for round in 0..<500 {
                    let key = "k\((round * 7 + thread) % 100)"
                    var value: UnsafeRawPointer?
                    var length = 0
                    var isRight = lsmtx_db_put(db.handle, key, key.utf8.count, "1", 1, 2, nil, nil) == C.ok
                    let status = lsmtx_snapshot_get_borrowed(
                        snapshot2.handle, key, key.utf8.count, buffer, &value, &length, nil)
                    isRight = isRight && status == C.ok && C.bytes(value, length) == "0"
                    isRight = isRight && C.get(db.handle!, key) == "1"
                    if !isRight { wrong.add(1, ordering: .relaxed) }
                }
                lsmtx_buffer_free(buffer)
            }
            #expect(wrong.load(ordering: .relaxed) == 0)
            lsmtx_snapshot_free(snapshot)
        }
    }

    /// Each call does all or nothing, and nothing breaks: what got through is what is committed.
    @Test func overlappingCallsOnATransactionAreRefused() throws {
        try C.withStore { db in
            var txn: OpaquePointer?
            var iter: OpaquePointer?
            #expect(lsmtx_txn_begin(db, 0, nil, &txn, nil) == C.ok)
            #expect(lsmtx_txn_iter(txn, nil, 0, &iter, nil) == C.ok)
            let (txn2, iter2) = (Shared(txn), Shared(iter))
            let done = Mutex<[String]>([])
            let unexpected = Atomic<Int>(0)
            Thread.run(4) { thread in
                var passed: [String] = []
                for round in 0..<2_000 {
                    let key = "\(thread)/\(round)"
                    let status = lsmtx_txn_put(txn2.handle, key, key.utf8.count, "v", 1, nil)
                    if status == C.ok { passed.append(key) }
                    let walk = lsmtx_iter_next(iter2.handle, nil, nil, nil, nil, nil)
                    if ![C.ok, C.misuse].contains(status) || ![C.end, C.misuse].contains(walk) {
                        unexpected.add(1, ordering: .relaxed)
                    }
                }
                done.withLock { $0 += passed }
            }
            #expect(unexpected.load(ordering: .relaxed) == 0)
            #expect(lsmtx_txn_commit(txn, 0, nil, nil) == C.ok)
            lsmtx_txn_free(txn)
            lsmtx_iter_free(iter)
            let keys = done.withLock { $0 }
            #expect(!keys.isEmpty && keys.allSatisfy { C.get(db, $0) == "v" })
        }
    }

    /// The thread that has begun the transaction is at work when another one comes, at every possible moment of its calls.
    @Test func theFirstCallOfAnotherThreadFindsThatOfTheOwner() throws {
        try C.withStore { db in
            let shared = Shared(db)
            for round in 0..<300 {
                let begun = Mutex<Shared?>(nil)
                let passed = Mutex<[String]>([])
                let refused = Atomic<Int>(0)
                Thread.run(2) { thread in
                    var txn: OpaquePointer?
                    if thread == 0 {
                        #expect(lsmtx_txn_begin(shared.handle, 0, nil, &txn, nil) == C.ok)
                        begun.withLock { $0 = Shared(txn) }
                    } else {
                        while txn == nil { txn = begun.withLock { $0?.handle } }
                    }
                    var keys: [String] = []
                    for number in 0..<(thread == 0 ? 60 : 10 + round % 40) {
                        let key = "\(round)/\(thread)/\(number)"
                        switch lsmtx_txn_put(txn, key, key.utf8.count, "v", 1, nil) {
                        case C.ok: keys.append(key)
                        case C.misuse: refused.add(1, ordering: .relaxed)
                        default: keys.append("none of both")
                        }
                    }
                    passed.withLock { $0 += keys }
                }
                let txn = begun.withLock { $0?.handle }
                #expect(lsmtx_txn_commit(txn, 0, nil, nil) == C.ok)
                lsmtx_txn_free(txn)
                let keys = passed.withLock { $0 }
                #expect(keys.count + refused.load(ordering: .relaxed) == 70 + round % 40)
                #expect(keys.allSatisfy { C.get(db, $0) == "v" })
            }
        }
    }

    /// An object may go from thread to thread, one after the other.
    @Test func aTransactionIsHandedOn() throws {
        try C.withStore { db in
            var txn: OpaquePointer?
            #expect(lsmtx_txn_begin(db, 0, nil, &txn, nil) == C.ok)
            let shared = Shared(txn)
            for number in 0..<50 {
                Thread.run(1) { _ in
                    #expect(lsmtx_txn_put(shared.handle, "\(number)", "\(number)".utf8.count, "v", 1, nil) == C.ok)
                }
                #expect(lsmtx_txn_put(txn, "m\(number)", "m\(number)".utf8.count, "v", 1, nil) == C.ok)
            }
            #expect(lsmtx_txn_commit(txn, 0, nil, nil) == C.ok)
            lsmtx_txn_free(txn)
            #expect((0..<50).allSatisfy { C.get(db, "\($0)") == "v" && C.get(db, "m\($0)") == "v" })
        }
    }

    @Test func closingWhileOthersAreAtWorkIsSafe() throws {
        for _ in 0..<10 {
            var db: OpaquePointer?
            #expect(lsmtx_db_open_in_memory(nil, &db, nil) == C.ok)
            C.put(try #require(db), "k", "v")
            let shared = Shared(db)
            let unexpected = Atomic<Int>(0)
            Thread.run(4) { thread in
                if thread == 0 {
                    Thread.pause()
                    if lsmtx_db_close(shared.handle, nil) != C.ok { unexpected.add(1, ordering: .relaxed) }
                    return
                }
                var iter: OpaquePointer?
                var length = 0
                while true {
                    let statuses = [
                        lsmtx_db_iter(shared.handle, nil, 0, &iter, nil),
                        iter == nil ? C.ok : lsmtx_iter_next(iter, nil, nil, nil, nil, nil),
                        lsmtx_db_get(shared.handle, "k", 1, nil, 0, &length, nil),
                        lsmtx_db_put(shared.handle, "k", 1, "v", 1, 0, nil, nil),
                    ]
                    lsmtx_iter_free(iter)
                    if !statuses.allSatisfy({ [C.ok, C.closed, C.tooSmall].contains($0) }) {
                        unexpected.add(1, ordering: .relaxed)
                    }
                    if statuses.last == C.closed { return }
                }
            }
            #expect(unexpected.load(ordering: .relaxed) == 0)
            lsmtx_db_free(db)
        }
    }
}
