internal import LSMTx
internal import LSMTxSimulation

/// Cuts the power once, at a moment of chance, and keeps what the device can have left.
final class PowerCut: Sendable {
    private struct State {
        var random: SeededGenerator
        var isArmed = false
        var image: RecordedStore.Image?
        /// Calls of the device until the power goes.
        var left: Int?
    }

    private let log: EventLog
    private let store: RecordedStore
    private let state: Guarded<State>

    init(log: EventLog, store: RecordedStore, seed: UInt64) {
        self.log = log
        self.store = store
        state = Guarded(State(random: SeededGenerator(seed: seed)))
    }

    /// From now on the power goes soon.
    func arm() {
        guard let device = store.crashDevice else { return }
        let choice = state.withLock { state in
            state.isArmed = true
            return Int.random(in: 0..<4, using: &state.random)
        }
        switch choice {
        case 0: cut()
        case 1, 2:
            // In the middle of whatever the store is doing then, a write that is not durable yet among it.
            state.withLock { $0.left = Int.random(in: 0..<40, using: &$0.random) }
            device.onCrashPoint(everyWrites: 1) { [self] _ in
                let isDue = state.withLock { state in
                    guard let left = state.left else { return false }
                    state.left = left > 0 ? left - 1 : nil
                    return left == 0
                }
                if isDue { cut() }
            }
        default:
            let fault = state.withLock { state in
                let kinds: [DeviceCall.Kind] = [.write, .writeDurably, .sync]
                return FaultDevice.Fault(
                    kinds.randomElement(using: &state.random), call: Int.random(in: 0..<8, using: &state.random),
                    isSticky: true,
                    Bool.random(using: &state.random) ? .failureHalfway(.io) : .failure(.io))
            }
            store.faultDevice?.setFault(fault)
        }
    }

    /// What a failure of the store means: the power goes, if that was due.
    ///
    /// - Returns: Whether it was due, and so the failure has its reason.
    func cutAfterFailure() -> Bool {
        guard state.withLock({ $0.isArmed }) else { return false }
        cut()
        return true
    }

    /// What survives, if the power was to go; now at the latest.
    func end() -> RecordedStore.Image? {
        guard state.withLock({ $0.isArmed }) else { return nil }
        cut()
        store.crashDevice?.removeHook()
        store.faultDevice?.setFault(nil)
        // Whoever cuts it may be a thread of the store, which is still at it.
        return state.wait { $0.image }
    }

    private func cut() {
        // The log first: whatever it has acknowledged by then is durable in the state that is taken next.
        guard let device = store.crashDevice, log.cutPower() else { return }
        let point = device.crashPoint()
        state.withLock { state in
            let outcomes = point.states(seed: state.random.next(), random: 8, singles: 2)
            state.image = RecordedStore.Image(
                device: point.image(outcomes.randomElement(using: &state.random) ?? .nothing))
        }
        state.notifyAll()
    }
}
