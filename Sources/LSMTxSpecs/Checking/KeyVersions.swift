/// All versions of one key in the recorded commit order, found by position and by value.
///
/// Version 0 is the absence before all writes. A list's versions share one array: an append makes the next version a
/// longer prefix of it, so that a list of *n* elements takes O(*n*) and not O(*n*²).
package struct KeyVersions {
    private enum Content {
        case absent
        case register(HistoryValue)
        case list(segment: Int, count: Int)
    }

    private enum Lookup: Hashable {
        case absent
        case register(HistoryValue)
        case list(last: HistoryValue, count: Int)
    }

    /// Where each version begins.
    package private(set) var starts: [Int] = [0]
    private var contents: [Content] = [.absent]
    private var segments: [[HistoryValue]] = []
    private var found: [Lookup: [Int]] = [.absent: [0]]

    package var isUntouched: Bool { starts.count == 1 }

    package mutating func add(_ effect: ReducedTransaction.Effect, at position: Int) {
        switch effect {
        case .set(nil), .set(.list([])): push(.absent, .absent, position)
        case .set(.list(let elements)): pushList(elements, in: nil, position)
        case .set(.some(let value)): push(.register(value), .register(value), position)
        case .append(let elements):
            if case .list(let segment, _) = contents[contents.count - 1] {
                pushList(elements, in: segment, position)
            } else {
                pushList(elements, in: nil, position)
            }
        }
    }

    private mutating func pushList(_ elements: [HistoryValue], in segment: Int?, _ position: Int) {
        if segment == nil { segments.append([]) }
        let place = segment ?? segments.count - 1
        segments[place] += elements
        let count = segments[place].count
        push(.list(segment: place, count: count), .list(last: segments[place][count - 1], count: count), position)
    }

    private mutating func push(_ content: Content, _ lookup: Lookup, _ position: Int) {
        found[lookup, default: []].append(starts.count)
        starts.append(position)
        contents.append(content)
    }

    /// The versions that hold a value, oldest first.
    package func versions(of value: HistoryValue?) -> [Int] {
        switch value {
        case nil: return found[.absent] ?? []
        case .list(let elements):
            guard let last = elements.last else { return found[.absent] ?? [] }
            let versions = found[.list(last: last, count: elements.count)] ?? []
            return versions.filter { version in
                guard case .list(let segment, let count) = contents[version] else { return false }
                return segments[segment][..<count].elementsEqual(elements)
            }
        case .some(let value): return found[.register(value)] ?? []
        }
    }

    /// The first point from `point` on at which one of `versions` is the key's current one.
    package func next(_ versions: [Int], from point: Int) -> Int? {
        var (low, high) = (0, versions.count)
        while low < high {
            let middle = (low + high) / 2
            if end(versions[middle]) > point { high = middle } else { low = middle + 1 }
        }
        return low < versions.count ? max(point, starts[versions[low]]) : nil
    }

    private func end(_ version: Int) -> Int { version + 1 < starts.count ? starts[version + 1] : .max }

    /// Where the last version before `position` begins.
    package func lastChange(before position: Int) -> Int {
        var (low, high) = (0, starts.count)
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] < position { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? 0 : starts[low - 1]
    }

    /// The value at a point, for messages.
    package func value(at point: Int) -> HistoryValue? {
        switch contents[max(0, starts.lastIndex { $0 <= point } ?? 0)] {
        case .absent: nil
        case .register(let value): value
        case .list(let segment, let count): .list(Array(segments[segment][..<count]))
        }
    }
}
