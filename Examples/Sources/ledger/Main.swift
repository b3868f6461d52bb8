import Foundation
import LSMTx

/// Reads the command line and shows what came out.
@main
enum Main {
    static let usage = """
        usage: ledger FILE open NAME BALANCE
               ledger FILE transfer FROM TO AMOUNT
               ledger FILE accounts [TIMESTAMP]
               ledger FILE journal
        """

    static func main() {
        do {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            FileHandle.standardError.write(Data("ledger: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func run(_ words: [String]) throws {
        guard words.count >= 2 else { return print(usage) }
        let database = try Database(path: words[0])
        defer { try? database.close() }
        let ledger = Ledger(database: database)
        switch (words[1], words.count) {
        case ("open", 4):
            try ledger.open(words[2], balance: number(words[3]))
        case ("transfer", 5):
            try ledger.transfer(number(words[4]), from: words[2], to: words[3])
        case ("accounts", 2):
            try show(ledger.accounts(at: .latest))
            return
        case ("accounts", 3):
            // What the command `open` or `transfer` printed, however long ago that was, as far as the file keeps it.
            try show(ledger.accounts(at: .timestamp(Timestamp(rawValue: UInt64(number(words[2]))))))
            return
        case ("journal", 2):
            for entry in try ledger.journal() { print(entry) }
            return
        default:
            return print(usage)
        }
        print("timestamp \(database.timestamp)")
    }

    private static func show(_ accounts: [Ledger.Account]) {
        for account in accounts { print("\(account.name)\t\(account.balance)") }
        print("sum\t\(accounts.reduce(0) { $0 + $1.balance })")
    }

    private static func number(_ text: String) throws -> Int64 {
        guard let number = Int64(text), number >= 0 else { throw NoNumber(text: text) }
        return number
    }

    private struct NoNumber: Error, CustomStringConvertible {
        let text: String
        var description: String { "'\(text)' is not a whole number, 0 or more." }
    }
}
