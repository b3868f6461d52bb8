/// A point in a transaction that its writes can be taken back to.
///
/// It belongs to the transaction that gave it, and is used on its thread. It takes no part in keeping the transaction
/// alive.
///
/// ```swift
/// let transaction = try database.begin()
/// try transaction.put("order/7", "2 seats")
/// let savepoint = try transaction.savepoint()
/// try transaction.put("order/7", "3 seats")
/// try transaction.rollback(to: savepoint)
/// try transaction.commit()  // 2 seats.
/// ```
public struct Savepoint {
    let id: WriteSet.SavepointID
}

// Not for other threads, as its transaction.
@available(*, unavailable)
extension Savepoint: Sendable {}
