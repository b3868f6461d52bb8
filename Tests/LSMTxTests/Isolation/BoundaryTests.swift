import LSMTx
import Testing

/// Conflicts are exact by the bytes of keys, whatever keys these are.
@Suite struct BoundaryTests {
    private static let longest = [UInt8](repeating: 0xff, count: Limits.maximumKeyBytes)
    private static let almost = [UInt8](repeating: 0xff, count: Limits.maximumKeyBytes - 1)

    #if DEBUG
    private static let long = 300
    #else
    private static let long = Limits.maximumKeyBytes
    #endif

    /// Keys that are neighbours of each other, in order.
    static let keys: [[UInt8]] = [
        [], [0], [0, 0], [0, 1], [1], [0x61], [0x61, 0], [0x61, 0, 0], [0x61, 1], [0x61, 0xff], [0x62], [0xff],
        [0xff, 0xff], [UInt8](repeating: 0xff, count: long - 1), [UInt8](repeating: 0xff, count: long),
    ]

    @Test(arguments: Isolation.allCases, Upkeep.forManyCases)
    func onlyTheSameKeyConflicts(level: Isolation, upkeep: Upkeep) throws {
        for (changed, key) in Self.keys.enumerated() {
            let isThere = changed % 2 == 0
            let stage = try Stage(level)
            if isThere { try stage.commit { session in for key in Self.keys { try session.transaction.put(key, []) } } }
            let readers = try stage.begin(Self.keys.count)
            let writers = try stage.begin(Self.keys.count)
            for (index, own) in Self.keys.enumerated() {
                #expect((try readers[index].transaction.get(own) != nil) == isThere)
                try readers[index].put("reader \(index)", "1")
                try writers[index].transaction.put(own, [])
            }
            try stage.commit { try $0.transaction.put(key, key.prefix(3)) }
            try stage.keepUp(upkeep)
            for index in Self.keys.indices {
                let expected: Outcome = index == changed ? .conflict : .ok
                #expect(try readers[index].commit() == level.expect(below: .ok, ser: expected))
                #expect(try writers[index].commit() == level.expect(rc: .ok, si: expected, ser: .ok))
            }
        }
    }

    @Test(arguments: Isolation.allCases)
    func rangesBetweenNeighboursAreHalfOpen(level: Isolation) throws {
        let stage = try Stage(level)
        let bounds: [[UInt8]?] = Self.keys + [nil]
        for (lower, upper) in [(0, 1), (1, 3), (5, 6), (5, 8), (6, 9), (10, 14), (13, 14), (13, 15), (14, 15), (0, 15)]
        {
            for (changed, key) in Self.keys.enumerated() {
                let (reader, writer) = (try stage.begin(), try stage.begin())
                let range = KeyRange(from: Self.keys[lower], upTo: bounds[upper])
                for _ in reader.transaction.scan(range, reverse: changed % 2 == 0) {}
                // Its own key is between the others.
                try reader.put("b reader", "1")
                try writer.transaction.deleteRange(range)
                try stage.commit { try $0.transaction.put(key, []) }
                let expected: Outcome = lower <= changed && changed < upper ? .conflict : .ok
                #expect(try reader.commit() == level.expect(below: .ok, ser: expected), "\(range), \(changed)")
                let readersKey = range.contains("b reader") && level == .snapshot
                let si: Outcome = expected == .conflict || readersKey ? .conflict : .ok
                #expect(try writer.commit() == level.expect(rc: .ok, si: si, ser: .ok), "\(range), \(changed)")
            }
        }
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func prefixesOfAllOnes(level: Isolation, upkeep: Upkeep) throws {
        let cases: [(prefix: [UInt8], changed: [UInt8], conflicts: Bool)] = [
            ([0xff], [0xff], true), ([0xff], [0xff, 0, 1], true), ([0xff], [0xfe, 0xff], false),
            ([0x61, 0xff], [0x61, 0xff, 0xff], true), ([0x61, 0xff], [0x62], false),
            ([0x61, 0xff], [0x61, 0xfe], false),
            ([], [], true), ([], Self.longest, true), (Self.longest, Self.longest, true),
            (Self.longest, Self.almost, false),
        ]
        for (index, (prefix, changed, conflicts)) in cases.enumerated() {
            let stage = try Stage(level, "", upkeep: upkeep)
            let session = try stage.begin()
            for _ in session.transaction.scan(KeyRange(prefix: prefix)) {}
            try session.put("b written", "1")
            try stage.commit { try $0.transaction.put(changed, []) }
            #expect(try session.commit() == level.expect(below: .ok, ser: conflicts ? .conflict : .ok), "case \(index)")
        }
    }

    @Test(arguments: Isolation.allCases, Upkeep.allCases)
    func keysOfTheGreatestLength(level: Isolation, upkeep: Upkeep) throws {
        for (key, changed) in [(Self.almost, Self.longest), (Self.longest, Self.almost), (Self.longest, Self.longest)] {
            let stage = try Stage(level, "", upkeep: upkeep)
            let t = try stage.begin(3)
            #expect(try t[0].transaction.get(key) == nil)
            for _ in t[1].transaction.scan(KeyRange(from: key, upTo: key + [0])) {}
            try t[0].put("b", "1")
            try t[1].put("c", "1")
            try t[2].transaction.delete(key)
            try stage.commit { try $0.transaction.put(changed, []) }
            let expected: Outcome = key == changed ? .conflict : .ok
            #expect(try t[0].commit() == level.expect(below: .ok, ser: expected))
            #expect(try t[1].commit() == level.expect(below: .ok, ser: expected))
            #expect(try t[2].commit() == level.expect(rc: .ok, si: expected, ser: .ok))
        }
    }

    @Test(arguments: Isolation.allCases)
    func aKeyThatIsTooLongHasNoValueAndIsNoDependence(level: Isolation) throws {
        let stage = try Stage(level)
        let session = try stage.begin()
        #expect(try session.transaction.get(Self.longest + [0xff]) == nil)
        try session.put("a", "1")
        try stage.commit { try $0.transaction.put(Self.longest, []) }
        #expect(try session.commit() == .ok)
    }

    @Test(arguments: Isolation.allCases)
    func manyKeysOfTheSameLength(level: Isolation) throws {
        // Each pair differs in one bit only.
        let stage = try Stage(level)
        for bit in 0..<64 {
            let (key, other) = ([UInt8](repeating: 0x55, count: 8), bit)
            var changed = key
            changed[other / 8] ^= 1 << UInt8(other % 8)
            let (reader, writer) = (try stage.begin(), try stage.begin())
            _ = try reader.transaction.get(key)
            for _ in reader.transaction.scan(KeyRange(from: key, upTo: key + [0])) {}
            try reader.put("reader", "1")
            try writer.transaction.put(key, [])
            try stage.commit { try $0.transaction.put(changed, []) }
            #expect(try reader.commit() == .ok, "bit \(bit)")
            #expect(try writer.commit() == .ok, "bit \(bit)")
        }
    }
}
