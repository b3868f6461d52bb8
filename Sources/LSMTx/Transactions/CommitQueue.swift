internal import Synchronization

/// Where committers arrive, and the baton that makes one of them the leader.
///
/// The algorithm:
/// 1. A committer pushes its request on the list of arrivals, then tries to take the baton.
/// 2. With the baton it leads: it takes the whole list, in order of arrival.
/// 3. Without it, it waits for its request to be done, or to be made the leader.
/// 4. A leader that is finished with the serial part looks at the list. If someone is there, the newest arrival, which
///    most likely is still spinning, gets the baton as it is; otherwise the baton is put down.
///
/// Nobody is forgotten: a committer pushes, then tries the baton; a leader puts the baton down, then looks at the list
/// again; both sequentially consistent. At least one of them sees the other.
///
/// Rejected: a mutex with a condition variable per commit, which costs two to four times as much per buffered commit
/// as soon as threads meet.
final class CommitQueue: @unchecked Sendable {
    // @unchecked: `leftover` is only touched by the one thread that holds the baton.

    typealias Request = UnsafeMutablePointer<CommitRequest>

    private let arrivals = Atomic<UInt>(0)
    private let baton = Atomic<UInt32>(0)
    /// Threads that want the baton without having a request, and whether it was given to one of them.
    private let outOfTurn = Atomic<Int>(0)
    private let isGivenOutOfTurn = Atomic<Bool>(false)
    /// Requests that a leader took and left to the next one, in order of arrival. Only the baton's holder touches it.
    private let leftover: UnsafeMutablePointer<Request?>

    init() {
        leftover = .allocate(capacity: 1)
        leftover.initialize(to: nil)
    }

    deinit { leftover.deallocate() }

    /// Adds a request.
    ///
    /// - Returns: Whether the caller now holds the baton.
    func arrive(_ request: Request) -> Bool {
        var head = arrivals.load(ordering: .relaxed)
        while true {
            request.pointee.next = Request(bitPattern: head)
            let result = arrivals.compareExchange(
                expected: head, desired: UInt(bitPattern: request), ordering: .sequentiallyConsistent)
            if result.exchanged { break }
            head = result.original
        }
        return tryTakeBaton()
    }

    func tryTakeBaton() -> Bool {
        baton.compareExchange(expected: 0, desired: 1, ordering: .sequentiallyConsistent).exchanged
    }

    /// Waits for the baton without a request: the next leader to give it on gives it here, however many have arrived.
    /// Under load it is never put down.
    func takeBatonOutOfTurn() {
        outOfTurn.add(1, ordering: .sequentiallyConsistent)
        while !tryTakeBaton(), !isGivenOutOfTurn.exchange(false, ordering: .sequentiallyConsistent) {
            SystemClock.sleep(microseconds: 20)
        }
        outOfTurn.subtract(1, ordering: .sequentiallyConsistent)
    }

    /// Takes everything that has arrived, in order of arrival, linked by `next`. The caller holds the baton.
    func takeAll() -> Request? {
        if let left = leftover.pointee {
            leftover.pointee = nil
            return left
        }
        var newest = Request(bitPattern: arrivals.exchange(0, ordering: .sequentiallyConsistent))
        var oldest: Request?
        while let request = newest {
            newest = request.pointee.next
            request.pointee.next = oldest
            oldest = request
        }
        return oldest
    }

    /// Leaves `rest`, the end of a list that ``takeAll()`` gave, to the next leader. The caller holds the baton.
    func leave(_ rest: Request?) { leftover.pointee = rest }

    /// Gives the baton on, or puts it down.
    func passBaton() {
        // Only the baton's holder comes here, so whoever is seen waiting cannot have taken it meanwhile.
        if outOfTurn.load(ordering: .sequentiallyConsistent) > 0 {
            isGivenOutOfTurn.store(true, ordering: .sequentiallyConsistent)
            return
        }
        if let left = leftover.pointee {
            left.enter(CommitRequest.Phase.leading)
            return
        }
        while true {
            if let newest = Request(bitPattern: arrivals.load(ordering: .sequentiallyConsistent)) {
                newest.enter(CommitRequest.Phase.leading)
                return
            }
            baton.store(0, ordering: .sequentiallyConsistent)
            let isEmpty = arrivals.load(ordering: .sequentiallyConsistent) == 0
            guard !isEmpty, tryTakeBaton() else { return }
        }
    }
}
