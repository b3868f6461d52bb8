import LSMTx
import LSMTxCLI
import Testing

/// Reading the past, naming it and limiting it, as a user does.
@Suite("Commands about the past")
final class PastCommandTests: CommandSuite {
    /// `k` is 1, then 2, then gone; returns the three timestamps.
    private func fill() throws -> [String] {
        try [["put", file, "k", "1"], ["put", file, "k", "2"], ["delete", file, "k"]].map { arguments in
            let result = try ChildProcess.run(arguments)
            #expect(result.status == 0, "\(result.errorText)")
            return String(result.text.dropLast())
        }
    }

    @Test func everyReadingCommandReadsThePast() throws {
        let timestamps = try fill()
        #expect(try run("get", file, "k", "--as-of", timestamps[0]).text == "1\n")
        #expect(try run("get", file, "k", "--as-of", timestamps[1]).text == "2\n")
        #expect(try run("get", file, "k", "--as-of", timestamps[2]).status == 1)
        #expect(try run("scan", file, "--as-of", timestamps[1]).text == "k\t2\n")
        #expect(try run("count", file, "--as-of=\(timestamps[1])").text == "1\n")
        #expect(try run("count", file, "--as-of", "0").text == "0\n")
        // Long ago there was nothing, and in a far future there will be what there is.
        #expect(try run("count", file, "--as-of", "1999-12-31").text == "0\n")
        #expect(try run("count", file, "--as-of", "9999-12-31T23:59:59Z").text == "0\n")
        #expect(try run("scan", file, "--as-of", "18446744073709551616").status == 64)
        #expect(try run("scan", file, "--as-of", "2026-02-30").status == 64)
        let unknown = try run("scan", file, "--as-of", "last week")
        #expect(unknown.status == 1 && unknown.errorText.contains("\"last week\""))
        let future = try run("get", file, "k", "--as-of", "1000")
        #expect(future.status == 1 && future.errorText.contains("newest is \(timestamps[2])"))
    }

    @Test func snapshotsAreCreatedListedReadAndDropped() throws {
        let timestamps = try fill()
        #expect(try run("snapshot", "create", file, "now").text == "\(timestamps[2])\n")
        #expect(try run("snapshot", "create", file, "back\\slash", "--at", timestamps[0]).text == "\(timestamps[0])\n")
        #expect(try run("snapshot", "create", file, "again", "--at", "back\\slash").text == "\(timestamps[0])\n")
        #expect(try run("retention", file, "--none").status == 0)
        #expect(try run("get", file, "k", "--as-of", "again").text == "1\n")
        let list = try run("snapshot", "list", file).text.split(separator: "\n")
        #expect(
            list.map { $0.split(separator: "\t").prefix(2).joined(separator: " ") }
                == ["again \(timestamps[0])", "back\\\\slash \(timestamps[0])", "now \(timestamps[2])"])
        #expect(try run("snapshot", "list", file, "--json").text.contains("\"name\":\"again\",\"timestamp\":1}"))
        #expect(try run("snapshot", "drop", file, "again").status == 0)
        #expect(try run("snapshot", "drop", file, "again").status == 1)
        #expect(try run("get", file, "k", "--as-of", "again").status == 1)
    }

    @Test func whatIsNoSnapshotIsRefused() throws {
        _ = try fill()
        _ = try run("snapshot", "create", file, "a")
        for name in ["a", "", "17", "2026-11-20", String(repeating: "x", count: 256)] {
            let result = try run("snapshot", "create", file, name)
            #expect(result.status == 1 && !result.errorText.isEmpty, "\(name)")
        }
        #expect(try run("snapshot", "create", file).status == 64)
        #expect(try run("snapshot", "drop", file).status == 64)
        #expect(try run("snapshot", "list", file, "a").status == 64)
        #expect(try run("snapshot", "drop", file, "a", "--at", "1").status == 64)
        #expect(try run("snapshot", "create", file, "b", "--json").status == 64)
        #expect(try run("snapshot", "lst", file).errorText.contains("Did you mean 'list'?"))
        #expect(try run("snapshot", "create", folder.file("none"), "a").status == 66)
        #expect(folder.names == ["app.lsmtx"])
    }

    @Test func aKeyHasAHistory() throws {
        let timestamps = try fill()
        func fields(_ arguments: String...) throws -> [[String]] {
            try ChildProcess.run(["history", file, "k"] + arguments).text.split(separator: "\n").map { line in
                let fields = line.split(separator: "\t").map(String.init)
                #expect(PointTextTests.isTime(fields[1]))
                return [fields[0]] + fields.dropFirst(2)
            }
        }
        let all = [[timestamps[2], "delete"], [timestamps[1], "put", "2"], [timestamps[0], "put", "1"]]
        #expect(try fields() == all)
        #expect(try fields("--limit", "2") == Array(all.prefix(2)))
        #expect(try fields("--since", timestamps[0]) == Array(all.prefix(2)))
        #expect(try fields("--since", "1999-12-31") == all)
        let json = try run("history", file, "k", "--json").text.split(separator: "\n")
        #expect(json[0].contains("\"deleted\":true") && json[2].contains("\"value\":\"1\""))
        _ = try run("put", file, "--hex", "00", "ff")
        #expect(try run("history", file, "--hex", "00").text.hasSuffix("\tput\tff\n"))
        #expect(try run("history", file, "--hex", "--json", "00").text.contains("\"value_base64\":\"/w==\""))
        let none = try run("history", file, "other")
        #expect(none.status == 1 && none.output.isEmpty)
    }

    @Test func aLimitCutsTheVersionsAndNotTheStatus() throws {
        for value in ["1", "2"] { _ = try run("put", file, "k", value) }
        let none = try run("history", file, "k", "--limit", "0")
        #expect(none.status == 0 && none.text.isEmpty, "\(none.status) \(none.text)")
        #expect(try run("history", file, "k", "--limit", "1").text.hasSuffix("\tput\t2\n"))
        #expect(try run("history", file, "other", "--limit", "0").status == 1)
    }

    @Test func theRetentionIsShownAndSet() throws {
        _ = try fill()
        func shown() throws -> [String] {
            try run("retention", file).text.split(separator: "\n").prefix(3)
                .map { String($0.drop { $0 != " " }.drop { $0 == " " }) }
        }
        #expect(try shown() == ["1h", "100000", "64MiB"])
        #expect(try run("retention", file, "--keep", "1h30m", "--log", "5000").status == 0)
        #expect(try shown() == ["1h30m", "no limit", "5000B"])
        #expect(try run("retention", file, "--commits", "7").status == 0)
        #expect(try shown() == ["no limit", "7", "no limit"])
        #expect(try run("retention", file, "--json").text.contains("\"commits\" : 7"))
        #expect(try run("retention", file, "--all").status == 0)
        #expect(try shown() == ["no limit", "no limit", "no limit"])
        #expect(try run("retention", file, "--default").status == 0)
        #expect(try shown() == ["1h", "100000", "64MiB"])
        #expect(try run("stats", file).text.contains("1h, 100,000 commits, 64MiB of log"))
        for wrong in [
            ["--keep", "1"], ["--keep", "-1s"], ["--log", "1MB"], ["--commits", "many"], ["--none", "--all"],
            ["--none", "--keep", "1h"], ["--none", "--json"],
        ] {
            #expect(try ChildProcess.run(["retention", file] + wrong).status == 64, "\(wrong)")
        }
        #expect(try run("retention", folder.file("none"), "--all").status == 66)
    }
}

@Suite("Points in time and quantities as text")
struct PointTextTests {
    static func isTime(_ text: String) -> Bool { PointText.milliseconds(iso8601: text) != nil }

    @Test func pointsAreToldApart() throws {
        #expect(try PointText.parse("17") == .timestamp(Timestamp(rawValue: 17)))
        #expect(try PointText.parse("1970-01-02") == .unixTime(milliseconds: 86_400_000))
        for name in ["", "17a", "2026", "2026-1-1", "2026-11-20-rc", "٣"] where name != "2026" {
            #expect(try PointText.parse(name) == .named(name))
        }
        #expect(throws: UsageError.self) { try PointText.parse("18446744073709551616") }
        #expect(throws: UsageError.self) { try PointText.parse("2026-11-31") }
    }

    @Test(arguments: [
        ("1970-01-01", 0), ("1970-01-01T00:00", 0), ("1970-01-01 00:00:01", 1_000), ("1970-01-01t00:00:00.5z", 500),
        ("1970-01-01T00:00:00.1239Z", 123), ("1970-01-01T02:00:00+02:00", 0), ("1969-12-31T23:00:00-0100", 0),
        ("1970-01-01T01:00+01", 0), ("2000-02-29", 951_782_400_000), ("2026-11-20T10:00:00Z", 1_795_168_800_000),
        ("0000-01-01", -62_167_219_200_000), ("9999-12-31", 253_402_214_400_000),
    ])
    func timesAreRead(text: String, milliseconds: Int64) {
        #expect(PointText.milliseconds(iso8601: text) == milliseconds)
    }

    @Test(arguments: [
        "2026-02-29", "2026-04-31", "2026-00-01", "2026-13-01", "2026-01-00", "2026-01-01T24:00", "2026-01-01T10:60",
        "2026-01-01T10:00:60", "2026-01-01T10", "2026-01-01T", "2026-01-01Z", "2026-01-01T10:00Zx",
        "2026-01-01T10:00+25",
        "2026-01-01T10:00+01:60", "2026-01-01T10:00.5", "2026-01-01T10:00:00.", "1900-02-29", "",
    ])
    func whatIsNoTimeIsNotRead(text: String) {
        #expect(PointText.milliseconds(iso8601: text) == nil)
    }

    @Test func timesAreReadAsTheyAreWritten() {
        for day in stride(from: Int64(-800_000), to: 2_900_000, by: 97) {
            let milliseconds = day * 86_400_000 + 43_215_678
            #expect(PointText.milliseconds(iso8601: UnixTime.iso8601(milliseconds)) == milliseconds || day < -719_528)
        }
    }

    @Test func quantitiesAreReadAndShown() {
        for (text, milliseconds) in [("90s", 90_000), ("1h30m", 5_400_000), ("7d", 604_800_000), ("0s", 0), ("5ms", 5)]
        {
            #expect(Quantity.milliseconds(text) == UInt64(milliseconds))
        }
        for text in ["", "1", "s", "1x", "-1s", "1 s", "1h-1m", "99999999999999999999s", "999999999999999999w"] {
            #expect(Quantity.milliseconds(text) == nil, "\(text)")
        }
        for (text, bytes) in [("4096", 4096), ("64MiB", 64 << 20), ("2GiB", 2 << 30), ("0", 0), ("1B", 1)] {
            #expect(Quantity.bytes(text) == UInt64(bytes))
        }
        for text in ["", "MiB", "1MB", "1KiB1B", "-1", "99999999TiB"] {
            #expect(Quantity.bytes(text) == nil, "\(text)")
        }
        for milliseconds in [0, 1, 999, 1000, 61_000, 3_600_000, 5_400_000, 86_400_000, 694_861_001] as [UInt64] {
            #expect(Quantity.milliseconds(Quantity.duration(milliseconds)) == milliseconds)
        }
        for bytes in [0, 1, 1023, 1024, 1536, 64 << 20, 1 << 40] as [UInt64] {
            #expect(Quantity.bytes(Quantity.size(bytes)) == bytes)
        }
        #expect(Quantity.duration(5_400_000) == "1h30m" && Quantity.size(64 << 20) == "64MiB")
    }
}
