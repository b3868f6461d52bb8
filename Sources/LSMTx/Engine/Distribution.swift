/// How numbers are distributed, by powers of two: 0, 1, 2 to 3, 4 to 7, and so on.
package struct Distribution: Equatable, Sendable {
    /// How many numbers each class has; classes behind the last that has any are missing.
    package private(set) var counts: [UInt64] = []
    package private(set) var count: UInt64 = 0
    package private(set) var sum: UInt64 = 0
    package private(set) var largest: UInt64 = 0

    package init() {}

    package mutating func add(_ number: UInt64) {
        let index = UInt64.bitWidth - number.leadingZeroBitCount
        while counts.count <= index { counts.append(0) }
        counts[index] += 1
        count += 1
        sum += number
        largest = max(largest, number)
    }

    /// The numbers of a class.
    package static func range(_ index: Int) -> ClosedRange<UInt64> {
        guard index > 0 else { return 0...0 }
        let lower = UInt64(1) << UInt64(index - 1)
        return lower...(lower - 1 + lower)
    }
}
