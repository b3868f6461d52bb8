extension Spec {
    /// What the result of a step must be.
    public indirect enum Expectation: Sendable, Equatable {
        /// This value; or, of a variable, the value or the list that it holds.
        case value(Operand)
        /// The key has no value.
        case none
        /// These entries, in this order.
        case list([Entry])
        /// It is done.
        case ok
        /// The commit fails, since others have changed what it rests on.
        case conflict
        /// Whether it is committed will be known after the next opening.
        case unknown
        /// The transaction was lost when the database crashed or was closed.
        case gone
        /// The step runs, and whatever it gives is right.
        case any
        /// The step does not run.
        case skip
        /// One of these; they are none of them a choice themselves.
        case oneOf([Expectation])
    }

    /// A key and its value in a list.
    public struct Entry: Sendable, Equatable {
        /// The key.
        public var key: [UInt8]
        /// The value.
        public var value: Operand
    }
}
