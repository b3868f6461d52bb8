/// Delivers events to a receiver: in order, one at a time, on a thread of its own, so that whatever the receiver does
/// holds nobody up.
///
/// When the receiver does not keep up, events are counted instead of kept, and it is told how many.
package final class EventQueue: Sendable {
    /// So many events wait at most.
    package static let capacity = 1024

    private struct State {
        var events: [StoreEvent] = []
        var dropped = 0
        var hasEnded = false
    }

    private let state = Guarded(State())

    /// - Throws: `io` when there is no thread.
    package init(_ receive: @escaping @Sendable (StoreEvent) -> Void) throws(StoreError) {
        let state = state
        // Nobody joins it: the receiver may be the one that closes the database.
        _ = try WorkerThread(name: "events") {
            while true {
                let next = state.wait { state -> State? in
                    guard !state.events.isEmpty || state.dropped > 0 || state.hasEnded else { return nil }
                    defer {
                        state.events = []
                        state.dropped = 0
                    }
                    return state
                }
                guard let next else { continue }
                let last = next.hasEnded ? next.events.last : nil
                for event in last == nil ? next.events : next.events.dropLast() { receive(event) }
                if next.dropped > 0 { receive(.dropped(next.dropped)) }
                if let last { receive(last) }
                if next.hasEnded { return }
            }
        }
    }

    deinit { end(with: nil) }

    /// Adds an event, or counts it when too many wait.
    package func post(_ event: StoreEvent) {
        state.withLock { state in
            guard !state.hasEnded else { return }
            if state.events.count < Self.capacity { state.events.append(event) } else { state.dropped += 1 }
        }
        state.notifyOne()
    }

    /// Adds the last event, and ends the thread once it has been delivered.
    package func end(with event: StoreEvent?) {
        state.withLock { state in
            guard !state.hasEnded else { return }
            state.hasEnded = true
            if let event { state.events.append(event) }
        }
        state.notifyOne()
    }
}
