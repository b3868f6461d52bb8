/// What is still to be done with an operation of a write set before it is what it seems to be, a plain one.
enum PendingMutation: UInt8 {
    /// Nothing.
    case none
    case add
    case min
    case max
    case and
    case or
    case xor
    case setIfAbsent
    /// Ten bytes of its value become the commit's versionstamp.
    case stampedValue
    /// Ten bytes of its key do.
    case stampedKey

    /// Whether its result depends on the value so far.
    @inline(__always)
    var readsValue: Bool { self != .none && rawValue < Self.stampedValue.rawValue }

    @inline(__always)
    private var isArithmetic: Bool { rawValue >= Self.add.rawValue && rawValue <= Self.max.rawValue }

    /// How many bytes of the value so far matter; `nil` when all do.
    func bytesRead(operandBytes: Int) -> Int? { self == .setIfAbsent ? nil : operandBytes }

    /// Makes of the operand, in place, the result for a value so far, which is cut, or continued with zeros, to the
    /// operand's length. Where there is none, the operand is the result already.
    ///
    /// Only for those that compute: of ``setIfAbsent`` the result is the value so far.
    func compute(_ operand: UnsafeMutableRawBufferPointer, from value: BorrowedBytes) {
        if isArithmetic {
            precondition(operand.count == 8, "the operand is no number")
            var number: Int64 = 0
            withUnsafeMutableBytes(of: &number) { bytes in
                bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: value.buffer.prefix(8)))
            }
            let result = combine(
                Int64(littleEndian: number), Int64(littleEndian: operand.loadUnaligned(as: Int64.self)))
            operand.storeBytes(of: result.littleEndian, as: Int64.self)
            return
        }
        let shared = Swift.min(operand.count, value.count)
        let bytes = value.buffer
        switch self {
        case .and:
            for index in 0..<shared { operand[index] &= bytes[index] }
            for index in shared..<operand.count { operand[index] = 0 }
        case .or: for index in 0..<shared { operand[index] |= bytes[index] }
        case .xor: for index in 0..<shared { operand[index] ^= bytes[index] }
        default: preconditionFailure("\(self) computes nothing")
        }
    }

    private func combine(_ value: Int64, _ operand: Int64) -> Int64 {
        switch self {
        case .add: value &+ operand
        case .min: Swift.min(value, operand)
        default: Swift.max(value, operand)
        }
    }
}

extension Mutation {
    /// Calls `body` with what is to be done, the operand as it is stored, and where the stamp goes.
    func withOperand<R, E: Error>(
        _ body: (PendingMutation, BorrowedBytes, _ stampOffset: Int) throws(E) -> R
    ) throws(E) -> R {
        func lend(_ kind: PendingMutation, _ bytes: [UInt8], at offset: Int = 0) throws(E) -> R {
            try bytes.span.withUnsafeBytes { bytes throws(E) in try body(kind, BorrowedBytes(bytes), offset) }
        }
        func lend(_ kind: PendingMutation, _ number: Int64) throws(E) -> R {
            try withUnsafeBytes(of: number.littleEndian) { bytes throws(E) in try body(kind, BorrowedBytes(bytes), 0) }
        }
        switch self {
        case .add(let number): return try lend(.add, number)
        case .min(let number): return try lend(.min, number)
        case .max(let number): return try lend(.max, number)
        case .and(let bytes): return try lend(.and, bytes)
        case .or(let bytes): return try lend(.or, bytes)
        case .xor(let bytes): return try lend(.xor, bytes)
        case .setIfAbsent(let bytes): return try lend(.setIfAbsent, bytes)
        case .versionstamped(let bytes, let offset): return try lend(.stampedValue, bytes, at: offset)
        }
    }
}
