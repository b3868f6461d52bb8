/// A moment at which the power could fail: all that was durable or merely written then.
///
/// It is a value that shares its pages with the device, so taking one is cheap and the device may go on.
package struct CrashPoint: Sendable {
    /// Where in the device's life it was taken.
    package let moment: CrashDevice.Moment
    private let state: CrashDevice.State

    init(moment: CrashDevice.Moment, state: CrashDevice.State) {
        self.moment = moment
        self.state = state
    }

    /// The sectors whose content a loss of power leaves open, in order.
    package var unsyncedSectors: [UInt64] { state.sectors.keys.sorted() }

    /// How many contents the sector had since it was last durable, without the durable one.
    package func unsyncedVersions(of sector: UInt64) -> Int { state.sectors[sector]?.count ?? 0 }

    /// How many lengths the file had since its length was last durable, without the durable one.
    package var unsyncedLengths: Int { state.lengths.count }

    /// A device that holds, durably, what this choice leaves.
    package func image(_ choice: CrashChoice) -> CrashDevice {
        var bytes = choice.base == .old ? state.durable : state.current
        for (sector, fate) in choice.fates {
            content(of: sector, fate).withUnsafeBytes {
                bytes.write($0, at: sector * UInt64(CrashDevice.sectorBytes))
            }
        }
        let newest = state.lengths.count
        let version = choice.lengthVersion ?? (choice.base == .old ? 0 : newest)
        bytes.setLength(version == 0 ? state.durableLength : state.lengths[version - 1].value)
        return CrashDevice(durable: bytes)
    }

    /// Outcomes worth trying: every one of them while there are at most `exhaustiveLimit`; otherwise
    /// 1. nothing and everything, with the old and with the new length,
    /// 2. everything but one sector, and one sector only, for each of at most `singles` sectors,
    /// 3. `random` others: half are cuts through the order of writing with a torn or garbled last sector, half are
    ///    subsets in which any sector may also hold an intermediate version, be torn or hold garbage.
    ///
    /// - Parameter seed: Chooses; the same point and seed give the same outcomes.
    package func states(
        seed: UInt64, random: Int = 64, singles: Int = .max, exhaustiveLimit: Int = 0
    ) -> [CrashChoice] {
        let sectors = unsyncedSectors
        if sectors.isEmpty && state.lengths.isEmpty { return [.nothing] }
        if let all = exhaustive(sectors, limit: exhaustiveLimit) { return all }
        var generator = SeededGenerator(seed: seed)
        var states: [CrashChoice] = [.nothing, .everything]
        if !state.lengths.isEmpty {
            states.append(CrashChoice(.old, lengthVersion: state.lengths.count))
            states.append(CrashChoice(.new, lengthVersion: 0))
        }
        var chosen = sectors
        if sectors.count > singles { chosen = Array(sectors.shuffled(using: &generator).prefix(singles)) }
        for sector in chosen {
            states.append(CrashChoice(.new, fates: [sector: .version(0)]))
            let only: [UInt64: SectorFate] = [sector: .version(unsyncedVersions(of: sector))]
            states.append(CrashChoice(.old, fates: only, lengthVersion: state.lengths.count))
        }
        for index in 0..<random {
            states.append(index % 2 == 0 ? cut(using: &generator) : subset(sectors, using: &generator))
        }
        return states
    }

    /// Every combination of versions and lengths, if there are at most `limit`.
    private func exhaustive(_ sectors: [UInt64], limit: Int) -> [CrashChoice]? {
        var count = state.lengths.count + 1
        for sector in sectors {
            guard count <= limit else { return nil }
            count *= unsyncedVersions(of: sector) + 1
        }
        guard count <= limit else { return nil }
        return (0..<count).map { number in
            var rest = number
            func digit(_ base: Int) -> Int {
                defer { rest /= base }
                return rest % base
            }
            let lengthVersion = digit(state.lengths.count + 1)
            var fates: [UInt64: SectorFate] = [:]
            for sector in sectors { fates[sector] = .version(digit(unsyncedVersions(of: sector) + 1)) }
            return CrashChoice(.old, fates: fates, lengthVersion: lengthVersion)
        }
    }

    /// What a device leaves that writes in order: all changes up to one of them, which it was in the middle of.
    private func cut(using generator: inout SeededGenerator) -> CrashChoice {
        let first =
            min(
                state.sectors.values.lazy.compactMap(\.first?.order).min() ?? .max, state.lengths.first?.order ?? .max)
        let last = UInt64.random(in: min(first, state.order)...state.order, using: &generator)
        var fates: [UInt64: SectorFate] = [:]
        for (sector, versions) in state.sectors {
            let kept = versions.prefix { $0.order <= last }
            if !kept.isEmpty { fates[sector] = .version(kept.count) }
        }
        // The last change reached some of its sectors, was at one of them, and did not get to the others.
        let inProgress = state.sectors.filter { $0.value.contains { $0.order == last } }.keys.sorted()
        let reached = inProgress.isEmpty ? 0 : Int.random(in: 0...inProgress.count, using: &generator)
        for (index, sector) in inProgress.enumerated() {
            let version = state.sectors[sector, default: []].prefix { $0.order <= last }.count
            if index == reached {
                fates[sector] = damaged(from: version - 1, to: version, using: &generator)
            } else if index > reached {
                fates[sector] = .version(version - 1)
            }
        }
        return CrashChoice(.old, fates: fates, lengthVersion: state.lengths.prefix { $0.order <= last }.count)
    }

    /// What a device leaves that writes in any order. How much survives differs from one subset to the next.
    private func subset(_ sectors: [UInt64], using generator: inout SeededGenerator) -> CrashChoice {
        let oneIn = Int.random(in: 2...9, using: &generator)
        let mostlyOld = Bool.random(using: &generator)
        var fates: [UInt64: SectorFate] = [:]
        for sector in sectors {
            let newest = unsyncedVersions(of: sector)
            switch Int.random(in: 0..<32, using: &generator) {
            case 0:
                fates[sector] = damaged(
                    from: Int.random(in: 0...newest, using: &generator),
                    to: Int.random(in: 0...newest, using: &generator), using: &generator)
            case 1...4:
                fates[sector] = .version(Int.random(in: 0...newest, using: &generator))
            default:
                let isRare = Int.random(in: 0..<oneIn, using: &generator) == 0
                fates[sector] = .version(isRare == mostlyOld ? newest : 0)
            }
        }
        return CrashChoice(
            .old, fates: fates, lengthVersion: Int.random(in: 0...state.lengths.count, using: &generator))
    }

    private func damaged(from old: Int, to new: Int, using generator: inout SeededGenerator) -> SectorFate {
        if Int.random(in: 0..<4, using: &generator) == 0 { return .garbage(seed: generator.next()) }
        let cut = Int.random(in: 1..<CrashDevice.sectorBytes, using: &generator)
        return Bool.random(using: &generator)
            ? .torn(first: new, rest: old, cut: cut) : .torn(first: old, rest: new, cut: cut)
    }

    private func content(of sector: UInt64, _ fate: SectorFate) -> [UInt8] {
        switch fate {
        case .version(let version):
            return content(of: sector, version: version)
        case .torn(let first, let rest, let cut):
            return Array(content(of: sector, version: first)[..<cut] + content(of: sector, version: rest)[cut...])
        case .garbage(let seed):
            var generator = SeededGenerator(seed: seed)
            return (0..<CrashDevice.sectorBytes).map { _ in UInt8.random(in: 0...255, using: &generator) }
        }
    }

    private func content(of sector: UInt64, version: Int) -> [UInt8] {
        guard version > 0, let versions = state.sectors[sector] else {
            return CrashDevice.State.content(of: sector, in: state.durable)
        }
        return versions[min(version, versions.count) - 1].value
    }
}
