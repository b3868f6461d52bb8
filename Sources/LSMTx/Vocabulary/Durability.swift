/// What a commit has survived when the call that made it returns.
///
/// ```swift
/// var configuration = Configuration()
/// configuration.durability = .buffered
/// ```
public enum Durability: Sendable, Hashable {
    /// Handed to the operating system: it survives a crash of the process at once, and a loss of power as soon as
    /// the next sync has run, which happens in the background within 200 milliseconds.
    case buffered
    /// On the medium: it survives a loss of power.
    case sync
}
