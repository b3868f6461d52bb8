import LSMTx

/// What mutations mean, written down once more, a byte at a time.
enum MutationModel {
    static func result(of mutation: Mutation, on value: [UInt8]?, stamp: [UInt8]) -> [UInt8]? {
        switch mutation {
        case .add(let number): arithmetic(number, value) { $0.addingReportingOverflow($1).partialValue }
        case .min(let number): arithmetic(number, value) { $0 < $1 ? $0 : $1 }
        case .max(let number): arithmetic(number, value) { $0 < $1 ? $1 : $0 }
        case .and(let operand): bitwise(operand, value) { $0 & $1 }
        case .or(let operand): bitwise(operand, value) { $0 | $1 }
        case .xor(let operand): bitwise(operand, value) { $0 ^ $1 }
        case .setIfAbsent(let operand): value ?? operand
        case .versionstamped(let operand, let offset): stamped(operand, offset, stamp)
        }
    }

    static func stamped(_ bytes: [UInt8], _ offset: Int, _ stamp: [UInt8]) -> [UInt8] {
        Array(bytes[..<offset]) + stamp + Array(bytes[(offset + 10)...])
    }

    static func bytes(_ number: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> Int64(8 * $0)) }
    }

    static func number(_ bytes: [UInt8]) -> Int64 {
        bytes.enumerated().reduce(0) { $0 | Int64($1.element) << Int64(8 * $1.offset) }
    }

    private static func fitted(_ value: [UInt8], to count: Int) -> [UInt8] {
        Array(value.prefix(count)) + [UInt8](repeating: 0, count: max(0, count - value.count))
    }

    private static func arithmetic(_ operand: Int64, _ value: [UInt8]?, _ body: (Int64, Int64) -> Int64) -> [UInt8] {
        guard let value else { return bytes(operand) }
        return bytes(body(number(fitted(value, to: 8)), operand))
    }

    private static func bitwise(_ operand: [UInt8], _ value: [UInt8]?, _ body: (UInt8, UInt8) -> UInt8) -> [UInt8] {
        guard let value else { return operand }
        return zip(fitted(value, to: operand.count), operand).map(body)
    }
}

/// A write of a transaction, to be made in a store and in a model.
enum MutationStep {
    case put([UInt8], [UInt8])
    case delete([UInt8])
    case deleteRange(KeyRange)
    case mutate([UInt8], Mutation)
    case putStamped([UInt8], at: Int, [UInt8])

    func make(in transaction: Transaction) throws {
        switch self {
        case .put(let key, let value): try transaction.put(key, value)
        case .delete(let key): try transaction.delete(key)
        case .deleteRange(let range): try transaction.deleteRange(range)
        case .mutate(let key, let mutation): try transaction.mutate(key, mutation)
        case .putStamped(let key, let offset, let value):
            try transaction.put(versionstampedKey: key, at: offset, value)
        }
    }

    /// - Parameter stamp: The commit's; `nil` before the commit, when keys with one are not to be seen.
    func make(in model: inout [[UInt8]: [UInt8]], stamp: [UInt8]?) {
        switch self {
        case .put(let key, let value): model[key] = value
        case .delete(let key): model[key] = nil
        case .deleteRange(let range): model = model.filter { !range.contains($0.key) }
        case .mutate(let key, let mutation):
            let stamp = stamp ?? [UInt8](repeating: 0, count: 10)
            model[key] = MutationModel.result(of: mutation, on: model[key], stamp: stamp)
        case .putStamped(let key, let offset, let value):
            if let stamp { model[MutationModel.stamped(key, offset, stamp)] = value }
        }
    }
}
