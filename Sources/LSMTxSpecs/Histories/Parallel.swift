internal import Dispatch

/// Work on all processors at once.
enum Parallel {
    /// What `body` makes of each part of an array, in order.
    ///
    /// - Parameters:
    ///   - array: What is worked on.
    ///   - chunk: How many elements a part has.
    ///   - body: Called on several threads at once.
    /// - Returns: The results.
    static func map<Element: Sendable, Part>(
        _ array: [Element], chunk: Int, _ body: @Sendable (ArraySlice<Element>) -> Part
    ) -> [Part] {
        let count = (array.count + chunk - 1) / chunk
        return [Part](unsafeUninitializedCapacity: count) { buffer, initialized in
            // Each call initialises the one place that has its number, and all have returned before the next line.
            nonisolated(unsafe) let places = buffer
            DispatchQueue.concurrentPerform(iterations: count) { number in
                let part = array[number * chunk..<min(array.count, (number + 1) * chunk)]
                (places.baseAddress! + number).initialize(to: body(part))
            }
            initialized = count
        }
    }
}
