internal import CLSMTxShims

/// What the machine has to work with.
package enum Processors {
    /// How many processors this process may run on; at least one.
    package static let count = Int(max(1, lsmtx_processor_count()))
}
