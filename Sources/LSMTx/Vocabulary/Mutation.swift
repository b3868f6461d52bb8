/// A change of a value that is worked out when the transaction commits: see ``Transaction/mutate(_:_:)``.
///
/// The number or the bytes that a mutation is given are its operand. An existing value is taken to be as long as the
/// result: what is too much is cut off at its end, and what is missing is zero. A key without a value gets the operand for
/// its value, whatever the mutation.
///
/// ```swift
/// try database.write { t in
///     try t.mutate("visits", .add(1))
///     try t.mutate("longest visit", .max(340))
///     try t.mutate("opened by", .setIfAbsent(Array("Ada".utf8)))
/// }
/// ```
@nonexhaustive public enum Mutation: Sendable, Hashable {
    /// Adds a number to the value, both taken as signed and little-endian. The result has 8 bytes, and wraps around.
    case add(Int64)
    /// Keeps the smaller one of the value and the number, both taken as signed and little-endian. The result has 8 bytes.
    case min(Int64)
    /// Keeps the greater one of the value and the number, both taken as signed and little-endian. The result has 8 bytes.
    case max(Int64)
    /// Keeps of the value the bits that the operand has too. The result has the operand's length.
    ///
    /// A key without a value gets the operand here too.
    case and([UInt8])
    /// Adds the bits of the operand to the value. The result has the operand's length.
    case or([UInt8])
    /// Turns over the bits of the value that the operand has. The result has the operand's length.
    case xor([UInt8])
    /// Gives the key a value if it has none. One that has is not changed at all, which no reader of it takes for a change.
    case setIfAbsent([UInt8])
    /// Gives the key a value in which the ten bytes at an offset are replaced by the commit's
    /// ``Timestamp/versionstamp``.
    case versionstamped([UInt8], at: Int)
}
