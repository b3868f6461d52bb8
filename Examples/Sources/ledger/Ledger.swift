import LSMTx

/// Accounts and the transfers between them.
///
///     account/NAME               the balance, as decimal digits
///     entry/VERSIONSTAMP         one transfer: "FROM TO AMOUNT"; the stamp puts the entries in the order of their commits
struct Ledger {
    let database: Database

    enum Refusal: Error, CustomStringConvertible {
        case noAccount(String)
        case exists(String)
        case insufficient(String, balance: Int64)

        var description: String {
            switch self {
            case .noAccount(let name): "There is no account '\(name)'."
            case .exists(let name): "There is an account '\(name)' already."
            case .insufficient(let name, let balance): "'\(name)' has only \(balance)."
            }
        }
    }

    struct Account {
        let name: String
        let balance: Int64
    }

    static let accounts = KeyRange(prefix: "account/")
    static let entries = KeyRange(prefix: "entry/")
    private static let entry = Array("entry/".utf8) + [UInt8](repeating: 0, count: 10)

    func open(_ name: String, balance: Int64) throws {
        try database.write(label: "open") { t in
            // Reading that it is absent is a read like any other: of two that open the same account, one runs again.
            guard try t.get("account/\(name)") == nil else { throw Refusal.exists(name) }
            try t.put("account/\(name)", String(balance))
        }
    }

    /// Moves money. An error that is thrown inside leaves everything as it was.
    func transfer(_ amount: Int64, from source: String, to target: String) throws {
        try database.write(label: "transfer") { t in
            let have = try balance(of: source, in: t)
            guard have >= amount else { throw Refusal.insufficient(source, balance: have) }
            try t.put("account/\(source)", String(have - amount))
            // Read after the first write, so that a transfer to oneself changes nothing.
            try t.put("account/\(target)", String(try balance(of: target, in: t) + amount))
            // The commit fills in its stamp, so no two entries ever meet on one key.
            try t.put(versionstampedKey: Self.entry, at: Self.entry.count - 10, "\(source) \(target) \(amount)")
        }
    }

    func accounts(at point: PointInTime) throws -> [Account] {
        try database.read(at: point) { snapshot in
            try snapshot.scan(Self.accounts).map { entry in
                let name = String(decoding: entry.key.dropFirst(Self.accounts.lowerBound.count), as: UTF8.self)
                return Account(name: name, balance: try number(entry.value))
            }
        }
    }

    /// Each transfer, the oldest first.
    func journal() throws -> [String] {
        try database.read { $0.scan(Self.entries).map { String(decoding: $0.value, as: UTF8.self) } }
    }

    private func balance(of name: String, in t: Transaction) throws -> Int64 {
        guard let value = try t.get("account/\(name)") else { throw Refusal.noAccount(name) }
        return try number(value)
    }

    private func number(_ value: [UInt8]) throws -> Int64 {
        guard let number = Int64(String(decoding: value, as: UTF8.self)) else {
            throw StoreError(
                .corrupt, "A balance is not a number.", remedy: "See with `lsmtx scan` what wrote it.")
        }
        return number
    }
}
