extension Row {
    /// Rows that the report shows in one chart.
    enum Group: String, CaseIterable, Codable, Sendable {
        case writes = "Writes"
        case reads = "Point reads"
        case scans = "Scans"
        case transactions = "Transactions"
        case counters = "One counter for all"
        case synced = "Synced puts"
        case space = "Bytes on disk"
        case reopening = "Reopening"
        case maintenance = "Compaction"
        case deletion = "Range deletion"
    }

    var group: Group {
        switch self {
        case .fill, .mixed: .writes
        case .get, .getTwo, .lend, .missing: .reads
        case .sequential, .reverse, .seek: .scans
        case .modify, .modifyTwo, .modifyEight, .modifyZipf, .modifyZipfTwo, .modifyZipfEight: .transactions
        case .transfer, .transferTwo, .transferEight, .transferZipf, .transferZipfTwo, .transferZipfEight:
            .transactions
        case .counter, .counterTwo, .counterEight, .mutate, .mutateTwo, .mutateEight: .counters
        case .rawSync, .rawDurableWrite, .synced, .syncedFour, .syncedSixteen: .synced
        case .bytes, .allocated: .space
        case .reopen: .reopening
        case .compact: .maintenance
        case .erase: .deletion
        }
    }

    /// Whether the row reads and writes in one transaction.
    var isTransaction: Bool {
        group == .transactions || group == .counters && ![.mutate, .mutateTwo, .mutateEight].contains(self)
    }

    var isHigherBetter: Bool { unit == .perSecond }

    /// What the row is, for somebody who has not read the code.
    var title: String {
        let threads = rawValue.split(separator: ":").dropFirst().first.map { ", \($0) threads" } ?? ""
        let some = threads == ", 1 threads" ? ", 1 thread" : threads
        switch self {
        case .fill: return "fill in random order, one put per commit"
        case .mixed: return "half reads, half updates, 2 threads"
        case .get: return "get, hit, value copied out"
        case .getTwo: return "get, hit, value copied out, 2 threads"
        case .lend: return "get, hit, value lent in place"
        case .missing: return "get, miss inside the range"
        case .sequential: return "scan forwards, entries"
        case .reverse: return "scan backwards, entries"
        case .seek: return "seek and read 10 entries"
        case .modify, .modifyTwo, .modifyEight: return "read and write one of 100,000 keys" + some
        case .modifyZipf, .modifyZipfTwo, .modifyZipfEight: return "the same, keys by Zipf's law" + some
        case .transfer, .transferTwo, .transferEight: return "transfer between two keys" + some
        case .transferZipf, .transferZipfTwo, .transferZipfEight: return "transfer, keys by Zipf's law" + some
        case .counter, .counterTwo, .counterEight: return "get and put of one counter" + some
        case .mutate, .mutateTwo, .mutateEight: return "add to one counter without reading it" + some
        case .rawSync: return "the device: pwrite and fdatasync"
        case .rawDurableWrite: return "the device: O_DSYNC pwrite"
        case .synced, .syncedFour, .syncedSixteen: return "put, power-safe" + some
        case .bytes: return "all files, their lengths"
        case .allocated: return "all files, allocated blocks"
        case .reopen: return "open after a clean close"
        case .compact: return "compact after each key was written three times"
        case .erase: return "delete a range while others commit elsewhere"
        }
    }

    /// What LSMTx is to reach beside others.
    enum Aim: Codable, Sendable {
        /// So many times as good as the best of the others.
        case factor(Double)
        /// A share of the device's rate of durable writes.
        case shareOfDevice(Double)
        /// At most so much, whatever others do.
        case atMost(Double)
    }

    var aim: Aim? {
        switch self {
        case .fill, .mixed, .get, .getTwo, .missing, .seek, .modify, .modifyTwo, .syncedFour, .syncedSixteen: .factor(2)
        case .sequential, .reverse: .factor(1.5)
        case .bytes: .factor(1)
        case .synced: .shareOfDevice(0.95)
        case .reopen: .atMost(2)
        default: nil
        }
    }
}
