internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The command line's door to the operating system.
enum System {
    static let standardInput: Int32 = 0
    static let standardOutput: Int32 = 1
    static let standardError: Int32 = 2

    /// The words of the command line, byte for byte: `CommandLine.arguments` replaces what is not UTF-8.
    static func rawArguments() -> [[UInt8]] {
        (0..<Int(CommandLine.argc)).compactMap { index in
            guard let word = CommandLine.unsafeArgv[index] else { return nil }
            return (0..<strlen(word)).map { UInt8(bitPattern: word[$0]) }
        }
    }

    static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Columns of the terminal: `COLUMNS`, then what the terminal says, then 80.
    static func terminalWidth(_ descriptor: Int32) -> Int {
        if let columns = environment("COLUMNS").flatMap({ Int($0) }), columns > 0 { return columns }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Gives the numbers of standard streams that are closed to something that fails: else the next file or pipe that is
    /// opened gets one, and takes the output, or is waited for as the input.
    ///
    /// Each is opened the wrong way round, so that reading and writing are errors as they are on a closed stream.
    static func occupyClosedStreams() {
        for stream in [standardInput, standardOutput, standardError] where fcntl(stream, F_GETFD) < 0 {
            // The lowest free number is this one, for those below it are taken.
            _ = open("/dev/null", stream == standardInput ? O_WRONLY : O_RDONLY)
        }
    }

    /// A reader that goes away ends the process quietly, also where the parent ignores the signal.
    static func restoreBrokenPipeSignal() { signal(SIGPIPE, SIG_DFL) }

    static func exit(_ status: ExitStatus) -> Never { Self.exit(code: status.rawValue) }

    private static func exit(code: Int32) -> Never {
        #if canImport(Glibc)
        Glibc.exit(code)
        #elseif canImport(Musl)
        Musl.exit(code)
        #elseif canImport(Darwin)
        Darwin.exit(code)
        #endif
    }

    static func describeLastError() -> String { describe(errorNumber: errno) }

    static func describe(errorNumber: Int32) -> String { String(cString: strerror(errorNumber)) }

    /// What to do about a path that the system refuses.
    static func remedy(of number: Int32) -> String {
        switch number {
        case EACCES, EPERM, EROFS: "Check the permissions, or choose another place."
        case ENOSPC, EDQUOT, EFBIG: "Make room, or choose another place."
        case EBADF: "The stream is closed: give the program an open one."
        default: "Check the path."
        }
    }

    /// Writes all of `bytes`.
    ///
    /// - Returns: 0, or the number of the error that stopped it.
    static func write(_ bytes: some Collection<UInt8>, to descriptor: Int32) -> Int32 {
        let result = bytes.withContiguousStorageIfAvailable { buffer -> Int32 in
            var done = 0
            while done < buffer.count {
                let count = systemWrite(descriptor, buffer.baseAddress! + done, buffer.count - done)
                if count < 0 {
                    if errno == EINTR { continue }
                    return errno
                }
                done += count
            }
            return 0
        }
        return result ?? write(Array(bytes), to: descriptor)
    }

    /// Opens a file for reading. A folder is refused here, rather than at the first read.
    static func openForReading(_ path: String) throws -> Int32 {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let number = errno
            let status = number == ENOENT ? ExitStatus.noInput : .inputOutput
            throw Failure(status, "Cannot open '\(path)': \(describe(errorNumber: number)). \(remedy(of: number))")
        }
        guard !isFolder(descriptor) else {
            closeDescriptor(descriptor)
            throw Failure(.noInput, "'\(path)' is a folder. Name a file in it.")
        }
        return descriptor
    }

    /// - Returns: How many bytes were read; 0 at the end, or when interrupted.
    static func read(_ descriptor: Int32, into buffer: inout [UInt8]) throws -> Int {
        while true {
            guard !isInterruptedWhileWaiting(for: descriptor) else { return 0 }
            let count = buffer.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress!, $0.count) }
            if count >= 0 { return count }
            if errno == EINTR { continue }
            throw Failure(.inputOutput, "Cannot read the input: \(describe(errorNumber: errno)). \(remedy(of: errno))")
        }
    }

    static func readAll(_ descriptor: Int32) throws -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = try read(descriptor, into: &buffer)
            if count == 0 { return all }
            all += buffer[..<count]
        }
    }

    static func closeDescriptor(_ descriptor: Int32) { _ = close(descriptor) }

    // MARK: Interrupts

    private static let interrupts = Atomic<Bool>(false)
    /// Writing end of a pipe that the signal handler writes to; -1 until interrupts are caught.
    private static let interruptTarget = Atomic<Int32>(-1)
    private static let interruptSource = Atomic<Int32>(-1)
    private static let isInterruptFinal = Atomic<Bool>(true)

    static var isInterrupted: Bool { interrupts.load(ordering: .relaxed) }

    /// From now on the first interrupt only sets ``isInterrupted`` and ends what waits in ``read(_:into:)``; the
    /// second one ends the process.
    ///
    /// - Parameter isFinal: Whether that holds; else no interrupt ends the process, and ``takeInterrupt()`` makes
    ///   ready for the next.
    static func catchInterrupt(isFinal: Bool = true) {
        // A command that was typed in the shell leaves the shell's way of it.
        guard isInterruptFinal.load(ordering: .relaxed) else { return }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        isInterruptFinal.store(isFinal, ordering: .relaxed)
        interruptSource.store(ends[0], ordering: .relaxed)
        interruptTarget.store(ends[1], ordering: .relaxed)
        // Touched here, so that the handler finds it initialised.
        interrupts.store(false, ordering: .relaxed)
        signal(SIGINT) { _ in
            System.interrupts.store(true, ordering: .relaxed)
            if System.isInterruptFinal.load(ordering: .relaxed) { signal(SIGINT, SIG_DFL) }
            // The handler may run between a failed call and the look at what it left here.
            let saved = errno
            defer { errno = saved }
            var byte: UInt8 = 0
            _ = systemWrite(System.interruptTarget.load(ordering: .relaxed), &byte, 1)
        }
    }

    /// Becomes readable by an interrupt.
    static var interruptDescriptor: Int32 { interruptSource.load(ordering: .relaxed) }

    /// Forgets the interrupt that there was.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    static func takeInterrupt() -> Bool {
        let was = interrupts.exchange(false, ordering: .relaxed)
        var byte: UInt8 = 0
        while systemRead(interruptDescriptor, &byte, 1) == 1 {}
        return was
    }

    /// Waits until `descriptor` can be read. A pipe carries the interrupt, because one that arrives just before a
    /// plain read would not end that read.
    private static func isInterruptedWhileWaiting(for descriptor: Int32) -> Bool {
        let source = interruptSource.load(ordering: .relaxed)
        guard source >= 0 else { return false }
        var waiting = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: source, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&waiting, 2, -1) < 0, errno == EINTR {}
        return waiting[1].revents != 0
    }
}

// The methods above hide the functions of the same names.
private func systemWrite(_ descriptor: Int32, _ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, bytes, count)
}
