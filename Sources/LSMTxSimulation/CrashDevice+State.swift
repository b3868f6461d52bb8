/// The rules of ``CrashDevice``, one at a time, with its lock held.
extension CrashDevice.State {
    static func sectors(_ offset: UInt64, _ end: UInt64) -> Range<UInt64> {
        let size = UInt64(CrashDevice.sectorBytes)
        guard offset < end else { return 0..<0 }
        return offset / size..<(end + size - 1) / size
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {
        order += 1
        writes += 1
        guard !bytes.isEmpty else { return }
        let lengthBefore = current.length
        current.write(bytes, at: offset)
        noteSectors(offset, offset + UInt64(bytes.count))
        if current.length != lengthBefore { lengths.append(.init(order: order, value: current.length)) }
    }

    mutating func clear(from offset: UInt64, to end: UInt64) {
        order += 1
        writes += 1
        guard offset < end else { return }
        current.clear(from: offset, to: end)
        noteSectors(offset, end)
    }

    mutating func changeLength(to length: UInt64) {
        order += 1
        writes += 1
        guard length != current.length else { return }
        current.setLength(length)
        lengths.append(.init(order: order, value: length))
    }

    /// Adds the present content of the sectors in a range to their versions.
    private mutating func noteSectors(_ offset: UInt64, _ end: UInt64) {
        for sector in Self.sectors(offset, end) {
            sectors[sector, default: []].append(.init(order: order, value: Self.content(of: sector, in: current)))
        }
    }

    static func content(of sector: UInt64, in bytes: PagedBytes) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: CrashDevice.sectorBytes) { buffer, count in
            let target = UnsafeMutableRawBufferPointer(buffer)
            let done = bytes.read(into: target, at: sector * UInt64(CrashDevice.sectorBytes))
            UnsafeMutableRawBufferPointer(rebasing: target[done...]).initializeMemory(as: UInt8.self, repeating: 0)
            count = CrashDevice.sectorBytes
        }
    }

    /// Makes everything up to `order` durable.
    mutating func settleAll(upTo order: UInt64) {
        if order == self.order, !hasLost {
            durable = current
            durableLength = current.length
            sectors.removeAll()
            lengths.removeAll()
            return
        }
        for sector in Array(sectors.keys) { settle(sector: sector, upTo: order) }
        if let newest = lengths.lastIndex(where: { $0.order <= order }) { settleLength(newest) }
        hasLost = sectors.values.contains { $0.contains(where: \.isLost) }
    }

    /// Makes the newest version of a sector up to `order` durable, unless a failed sync has lost it.
    mutating func settle(sector: UInt64, upTo order: UInt64) {
        guard let versions = sectors[sector], let newest = versions.lastIndex(where: { $0.order <= order }),
            !versions[newest].isLost
        else { return }
        versions[newest].value.withUnsafeBytes {
            durable.write($0, at: sector * UInt64(CrashDevice.sectorBytes))
        }
        let rest = versions[(newest + 1)...]
        sectors[sector] = rest.isEmpty ? nil : Array(rest)
    }

    /// Makes a length durable with which bytes up to `end` can be read, for a write numbered `order`.
    mutating func settleLength(reaching end: UInt64, upTo order: UInt64) {
        // No length from before the write may come back that would cut it off, be it the durable one or a later one.
        let tooShort = lengths.lastIndex { $0.order <= order && $0.value < end } ?? (durableLength < end ? -1 : nil)
        if let tooShort, tooShort + 1 < lengths.count { settleLength(tooShort + 1) }
    }

    private mutating func settleLength(_ index: Int) {
        durableLength = lengths[index].value
        lengths.removeSubrange(...index)
    }
}
