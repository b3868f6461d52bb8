import LSMTxSimulation
import LSMTxSpecs
import LSMTxTestSupport
import Testing

@Suite struct HistoryReaderTests {
    private static let sample: [MicroOperation] = [
        .read("x", nil), .read("y", .integer(-5)), .read("z", .list([.integer(1), .text("a\"\\\n"), .integer(3)])),
        .write("ü", .text("")), .write("a", .list([])), .delete("x"), .append("l", .integer(.max)),
        .scan(ScanRecord(from: "a", to: "z", pairs: nil)),
        .scan(ScanRecord(from: "a", to: "z", limit: 2, pairs: [ScanRecord.Pair(key: "b", value: .integer(1))])),
        .scan(ScanRecord(from: "", to: "~", isReverse: true, pairs: [])),
    ]

    private func problem(_ text: String) -> String {
        do throws(HistoryProblem) {
            _ = try HistoryReader.history(of: Array(text.utf8))
            return "none"
        } catch {
            return error.description
        }
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        let writer = HistoryWriter()
        for kind in HistoryEvent.Kind.allCases {
            for level in Level.allCases.map(Optional.some) + [nil] {
                let event = HistoryEvent(
                    index: 3, time: 1 << 60, process: -1, kind: kind, operations: Self.sample, level: level,
                    snapshot: level == nil ? nil : .max, commit: level == nil ? nil : 7)
                #expect(try HistoryReader.events(of: writer.line(event)) == [event])
            }
        }
    }

    @Test func theShapeIsJepsens() throws {
        let text = """
            {"index":0,"time":5,"process":2,"type":"ok","f":"txn","value":[["append","x",1],["r",9,[1]],["w","y",2]]}

            {"index":1,"time":6,"process":2,"type":"invoke","value":[["r","x",null],["get","y"]],"level":"si","snap":4}
            """
        let events = try HistoryReader.events(of: Array(text.utf8))
        #expect(events.count == 2)
        #expect(
            events[0].operations == [
                .append("x", .integer(1)), .read("9", .list([.integer(1)])), .write("y", .integer(2)),
            ])
        #expect(events[1].operations == [.read("x", nil), .read("y", nil)])
        #expect(events[1].snapshot == 4)
        let event = HistoryEvent(
            index: 0, time: 0, process: 0, kind: .ok, operations: [.append("x", .integer(1)), .read("x", nil)],
            commit: 3)
        let line = String(decoding: try HistoryWriter().line(event), as: UTF8.self)
        #expect(
            line == """
                {"commit":3,"f":"txn","index":0,"process":0,"time":0,"type":"ok",\
                "value":[["append","x",1],["r","x",null]]}

                """)
    }

    /// Jepsen's own files have a nemesis; others have no numbers, or invocations that say nothing.
    @Test func historiesOfOthersAreRead() throws {
        let text = """
            {"process":0,"type":"invoke","f":"txn","value":null}
            {"process":"nemesis","type":"info","f":"start","value":{"kill":["n1"]},"index":1}
            {"process":"nemesis","type":"info","f":"stop","value":"healed","time":1.5}
            {"process":0,"type":"ok","f":"txn","value":[["append",1,2],["r",1,[2]]],"error":["none"]}
            """
        let history = try HistoryReader.history(of: Array(text.utf8))
        #expect(
            history.transactions.map(\.operations) == [[.append("1", .integer(2)), .read("1", .list([.integer(2)]))]])
        #expect(
            problem(text + "\n{\"process\":true,\"type\":\"ok\",\"value\":[]}").hasPrefix("line 5: expected a whole"))
        // The lines that are passed over count.
        #expect(problem(text + "\n{\"process\":0,\"type\":\"ok\",\"value\":[]}").hasPrefix("line 5: process 0 ends"))
    }

    @Test func elleReadsKeywordsAndQuotedText() {
        let operations: [MicroOperation] = [.write("k\"\\", .text("a\nb")), .read("k\"\\", nil), .read("other", nil)]
        let event = HistoryEvent(index: 4, time: 7, process: 2, kind: .invoke, operations: operations)
        #expect(
            String(decoding: ElleExport.edn(of: [event]), as: UTF8.self) == """
                {:index 0, :time 7, :process 2, :type :invoke, :f :txn, \
                :value [[:w "k\\"\\\\" "a\\nb"] [:r "k\\"\\\\" nil]]}

                """)
    }

    @Test func badLinesAreNamed() {
        let good = "{\"index\":0,\"time\":0,\"process\":0,\"type\":\"invoke\",\"value\":[]}\n"
        #expect(problem(good + "{") == "line 2: expected a JSON object")
        #expect(problem(good + "\n[]") == "line 3: expected a JSON object")
        #expect(problem(good + "7") == "line 2: expected a JSON object")
        func line(_ value: String) -> String {
            "{\"index\":0,\"time\":0,\"process\":0,\"type\":\"invoke\",\"value\":\(value)}"
        }
        #expect(problem("{\"index\":0,\"time\":0,\"process\":0,\"value\":[]}") == "line 1: \"type\" is missing")
        #expect(problem(line("3")).hasPrefix("line 1: expected a list or an object at value"))
        #expect(
            problem(line("[[\"zap\",1]]")).contains("expected r, w, append, del or scan, found \"zap\" at value, 1"))
        for bad in [
            "[[\"w\",\"x\"]]", "[[\"w\",\"x\",null]]", "[[\"w\",\"x\",1.5]]", "[[\"w\",\"x\",{}]]", "[[\"w\",null,1]]",
            "[[]]",
            "[[\"del\",\"x\",1]]", "[[\"scan\",\"a\",\"b\",[[\"a\"]]]]", "[[\"scan\",\"a\",\"b\",[],{\"limit\":-1}]]",
            "[[\"w\",\"x\",99999999999999999999]]",
        ] {
            #expect(problem(line(bad)).hasPrefix("line 1: expected"), "\(bad): \(problem(line(bad)))")
        }
        #expect(problem("\n" + good + good) == "line 3: process 0 has a transaction already")
        #expect(problem(good.replacing("invoke", with: "ok")) == "line 1: process 0 ends what it has not begun")
        #expect(
            problem(line("[[\"w\",\"x\",1],[\"append\",\"x\",1]]"))
                == "line 1: key x is appended to and also written as a register")
    }

    /// What a broken recorder writes down is not what happened, so nothing follows from it.
    @Test func anEndThatDoesNotFitItsBeginningIsNamed() {
        func pair(_ begun: String, _ ended: String, _ kind: String = "ok") -> String {
            """
            {"process":0,"type":"invoke","value":\(begun)}
            {"process":0,"type":"\(kind)","value":\(ended)}
            """
        }
        let put = "[[\"w\",\"x\",1],[\"r\",\"y\",null]]"
        #expect(problem(pair(put, "[[\"put\",\"x\",1],[\"get\",\"y\",2]]")) == "none")
        #expect(problem(pair("null", put)) == "none" && problem(pair("[]", put)) == "none")
        #expect(problem(pair(put, "null", "info")) == "none" && problem(pair(put, "null", "fail")) == "none")
        for ended in [
            "[[\"w\",\"x\",2],[\"r\",\"y\",2]]", "[[\"w\",\"x\",1]]", "null", "[[\"r\",\"y\",2],[\"w\",\"x\",1]]",
        ] {
            #expect(problem(pair(put, ended)).hasPrefix("line 2: process 0 ends with other steps than it began with"))
        }
        let scan = "[[\"scan\",\"a\",\"c\",null,{\"limit\":2}]]"
        #expect(problem(pair(scan, "[[\"scan\",\"a\",\"c\",[],{\"limit\":2}]]")) == "none")
        #expect(problem(pair(scan, "[[\"scan\",\"a\",\"c\",[]]]")).hasPrefix("line 2: process 0 ends with other"))
        #expect(problem(pair(scan, scan)) == "line 2: process 0 ends with a scan that has no result")
    }

    /// Changed bytes are an error or another history; the checkers take whatever was read.
    @Test func fuzzedLinesNeverTrap() throws {
        let writer = HistoryWriter()
        var random = SeededGenerator(seed: 1)
        let invocation = HistoryEvent(index: 0, time: 0, process: 0, kind: .invoke, operations: Self.sample)
        let completion = HistoryEvent(
            index: 1, time: 1, process: 0, kind: .ok, operations: Self.sample, level: .snapshot, snapshot: 1, commit: 2)
        let bytes = try writer.line(invocation) + writer.line(completion)
        #if DEBUG
        let rounds = 200
        #else
        let rounds = 20_000
        #endif
        for _ in 0..<rounds {
            var bytes = bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert(Array("[]{},:\"0-e\\".utf8).randomElement(using: &random) ?? 0, at: place)
                }
            }
            guard let history = try? HistoryReader.history(of: bytes) else { continue }
            _ = TimestampReplay.check(history).description
            _ = DependencyGraph.check(history).description
            _ = BruteForce(history).strongest(realTime: true)
        }
    }

    @Test func elleGetsWholeKeysOnly() {
        let operations: [MicroOperation] = [
            .append("l", .integer(1)), .read("l", nil), .write("r", .integer(1)), .read("r", nil), .delete("d"),
            .write("d", .integer(1)), .write("twice", .integer(1)), .write("twice", .integer(1)), Self.sample[7],
        ]
        let event = HistoryEvent(index: 9, time: 4, process: 1, kind: .invoke, operations: operations, level: .snapshot)
        let lists = ElleExport.listAppend.events(from: [event])
        #expect(lists.map(\.operations) == [[.append("l", .integer(1)), .read("l", nil)]])
        #expect(lists[0].index == 0 && lists[0].level == nil)
        #expect(
            ElleExport.register.events(from: [event]).map(\.operations) == [
                [.write("r", .integer(1)), .read("r", nil)]
            ])
    }

    @Test func longHistoriesAreReadInOnePass() throws {
        let writer = HistoryWriter()
        let events = LargeHistoryTests.events(.registers)
        var bytes: [UInt8] = []
        let clock = ContinuousClock()
        let write = try clock.measure { for event in events { bytes += try writer.line(event) } }
        var read: [HistoryEvent] = []
        let time = try clock.measure { read = try HistoryReader.events(of: bytes) }
        #expect(read == events)
        print("\(events.count) lines of \(bytes.count) bytes: written in \(write), read in \(time)")
    }
}
