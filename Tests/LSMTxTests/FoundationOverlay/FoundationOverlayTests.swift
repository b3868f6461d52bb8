#if Foundation

import LSMTx
import Testing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The package trait `Foundation`: its types as keys, values and times.
@Suite struct FoundationOverlayTests {
    @Test func dataIsKeyAndValue() throws {
        let database = try Database.inMemory()
        let whole = Data([9, 1, 2, 9])
        let large = Data(repeating: 7, count: 200_000)
        try database.write { t in
            try t.put(whole[1..<3], Data("v".utf8))
            try t.put(Data(), large)
            try t.put(Data("empty".utf8), Data())
        }
        let snapshot = try database.snapshot()
        #expect(try snapshot.get([1, 2]) == Array("v".utf8))
        #expect(try snapshot.data(for: [1, 2]) == Data("v".utf8))
        #expect(try snapshot.data(for: Data()) == large)
        #expect(try snapshot.data(for: "empty") == Data())
        #expect(try snapshot.data(for: "missing") == nil)
        #expect(try snapshot.get(keys: [Data([1, 2]), Data([3])]) == [Array("v".utf8), nil])
        #expect(snapshot.scan(KeyRange(prefix: Data([1]))).map { Data($0.value) } == [Data("v".utf8)])
        try database.write { t in
            try t.put(large[150_000..<150_003], large[50_000..<150_000])
            try t.put(whole[4...], whole[2..<2])
        }
        #expect(try database.read { try $0.data(for: [7, 7, 7]) } == Data(repeating: 7, count: 100_000))
        #expect(try database.read { try $0.get(keys: [whole[4...], whole[2...2]]) } == [[], nil])
    }

    @Test func datesNameThePast() throws {
        let database = try Database.inMemory()
        let before = Date(timeIntervalSinceNow: -60)
        try database.write { try $0.put("k", "v") }
        try database.createSnapshot(named: "now")
        let after = Date(timeIntervalSinceNow: 60)
        #expect(try database.read(at: .date(after)) { try $0.data(for: "k") } == Data("v".utf8))
        let committed = try #require(try database.date(of: database.timestamp))
        #expect(before < committed && committed < after)
        #expect(try database.timestamp(at: after) == database.timestamp)
        #expect(try database.timestamp(at: before) < database.timestamp)
        let version = try #require(try database.history(of: "k").first?.date)
        #expect(before < version && version < after)
        let named = try #require(try database.snapshots().first?.creationDate)
        #expect(before < named && named < after)
    }

    @Test func aDateNamesTheMillisecondThatItCameFrom() throws {
        // A date counts from 2001, so that one just after 1970 has no exact place: a clock that was never set begins there.
        for start: Int64 in [0, 978_307_200_000, 1_763_700_000_000, 2_000_000_000_000] {
            for milliseconds in start..<start + 3_000 {
                let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
                #expect(PointInTime.date(date) == .unixTime(milliseconds: milliseconds))
            }
        }
    }

    @Test func theEndsOfTimeAreDates() throws {
        let database = try Database.inMemory()
        try database.write { try $0.put("k", "v") }
        #expect(try database.timestamp(at: .distantFuture) == database.timestamp)
        #expect(try database.timestamp(at: .distantPast) < database.timestamp)
        #expect(try database.read(at: .date(.distantFuture)) { try $0.data(for: "k") } == Data("v".utf8))
        for date in [Date.distantPast, Date(timeIntervalSince1970: .nan), Date(timeIntervalSince1970: -.infinity)] {
            // The empty store is within the retention.
            #expect(try database.read(at: .date(date)) { try $0.data(for: "k") } == nil)
        }
    }

    @Test func datesThatNoClockShowsAreNoTrap() throws {
        let database = try Database.inMemory()
        try database.write { try $0.put("k", "v") }
        for seconds in [Double.infinity, 1e300, 1e16] {
            #expect(try database.timestamp(at: Date(timeIntervalSince1970: seconds)) == database.timestamp)
        }
        for seconds in [-Double.infinity, .nan, -1e300, -1e16] {
            #expect(try database.timestamp(at: Date(timeIntervalSince1970: seconds)) < database.timestamp)
        }
        #expect(PointInTime.date(Date(timeIntervalSince1970: -0.0005)) == .unixTime(milliseconds: -1))
        #expect(PointInTime.date(Date(timeIntervalSince1970: 1.25)) == .unixTime(milliseconds: 1250))
    }
}

#endif
