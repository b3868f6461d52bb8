internal import CGetopt
internal import LSMTx

/// Splits words into options and operands by getopt_long: options anywhere, unambiguous abbreviations, `--`.
enum Tokeniser {
    struct Result {
        var options: [Option: [UInt8]] = [:]
        var operands: [[UInt8]] = []
    }

    /// The parser's state is the C library's own, one for the process.
    private static let parser = Guarded(())

    /// - Parameters:
    ///   - words: What was typed; the first is the program's or command's name and is skipped.
    ///   - options: What is recognised. Of an option given twice, the last value counts.
    ///   - stopAtOperand: Whether everything from the first operand on is an operand.
    static func split(_ words: [[UInt8]], options: [Option], stopAtOperand: Bool) throws -> Result {
        precondition(options.count <= cgetopt_maximum_options)
        return try withCStrings(words.map(ZeroFree.encode)) { argv in
            try withCStrings(options.map { Array($0.name.utf8) }) { names in
                try parser.withLock { _ in
                    try parse(words.count, argv, names, options, stopAtOperand: stopAtOperand)
                }
            }
        }
    }

    private static func parse(
        _ argc: Int, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>,
        _ names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, _ options: [Option], stopAtOperand: Bool
    ) throws -> Result {
        let firstLongCode = 256
        var long = options.indices.map {
            cgetopt_option(
                name: names[$0], takes_value: options[$0].value == nil ? 0 : 1, code: Int32(firstLongCode + $0))
        }
        long.append(cgetopt_option())
        var short = stopAtOperand ? "+:" : ":"
        for option in options {
            guard let letter = option.short else { continue }
            short.append(letter)
            if option.value != nil { short.append(":") }
        }
        func option(code: Int32) -> Option? {
            let index = Int(code) - firstLongCode
            if options.indices.contains(index) { return options[index] }
            return options.first { $0.short?.asciiValue.map(Int32.init) == code }
        }

        var result = Result()
        cgetopt_reset()
        while true {
            let code = cgetopt_next(Int32(argc), argv, short, long)
            if code == -1 { break }
            let culprit = cgetopt_culprit()
            switch code {
            case Int32(UInt8(ascii: ":")):
                let name = option(code: culprit)?.spelling ?? "the last option"
                throw UsageError("Missing value for '\(name)'.")
            case Int32(UInt8(ascii: "?")):
                if culprit == 0 {
                    let word = argv[Int(cgetopt_index()) - 1].map { bytes($0) } ?? []
                    throw UsageError.unknownOption(word, of: options)
                }
                if let known = option(code: culprit) {
                    throw UsageError("The option '--\(known.name)' takes no value.")
                }
                throw UsageError.unknownOption("-\(Escaping.terminal([UInt8(truncatingIfNeeded: culprit)]))")
            default:
                guard let known = option(code: code) else { preconditionFailure("getopt_long returned \(code)") }
                result.options[known] = cgetopt_value().map { bytes($0) } ?? []
            }
        }
        result.operands = (Int(cgetopt_index())..<argc).map { argv[$0].map { bytes($0) } ?? [] }
        return result
    }

    private static func bytes(_ string: UnsafePointer<CChar>) -> [UInt8] {
        var count = 0
        while string[count] != 0 { count += 1 }
        return ZeroFree.decode((0..<count).map { UInt8(bitPattern: string[$0]) })
    }

    /// Lends `words` as a C argument vector, which getopt_long permutes.
    private static func withCStrings<R>(
        _ words: [[UInt8]], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) throws -> R
    ) throws -> R {
        let vector = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: words.count + 1)
        let strings = words.map { word in
            let string = UnsafeMutablePointer<CChar>.allocate(capacity: word.count + 1)
            for (index, byte) in word.enumerated() { string[index] = CChar(bitPattern: byte) }
            string[word.count] = 0
            return string
        }
        for (index, string) in strings.enumerated() { (vector + index).initialize(to: string) }
        (vector + words.count).initialize(to: nil)
        defer {
            for string in strings { string.deallocate() }
            vector.deallocate()
        }
        return try body(vector)
    }
}

/// Words without zero bytes, which would cut them short in C. None come from the system's argument vector, but in the
/// shell they can be typed. 0 becomes 1 1, and 1 becomes 1 2, neither of which is in an option's name.
enum ZeroFree {
    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(where: { $0 < 2 }) else { return bytes }
        return bytes.flatMap { $0 < 2 ? [1, $0 + 1] : [$0] }
    }

    static func decode(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(1) else { return bytes }
        var result: [UInt8] = []
        var isEscaped = false
        for byte in bytes {
            if isEscaped {
                result.append(byte - 1)
                isEscaped = false
            } else if byte == 1 {
                isEscaped = true
            } else {
                result.append(byte)
            }
        }
        return result
    }
}
