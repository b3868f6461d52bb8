/// Opens or makes the file of a database, and locks it.
enum DatabaseOpener {
    /// Opens the store at `path`, or makes one.
    ///
    /// - Parameter cancellation: Looked at where there is something to save: before the file is recovered, and before the
    ///   threads are started. What was opened is let go as a process that dies lets it go.
    static func open(
        path: String, configuration: Configuration, cancellation: Cancellation? = nil
    ) throws(StoreError) -> DatabaseCore {
        do throws(StoreError) {
            let options = try configuration.engineOptions()
            let device = try device(at: path, configuration: configuration, options: options)
            do throws(StoreError) {
                return try open(
                    device, path: path, configuration: configuration, options: options, cancellation: cancellation)
            } catch {
                device.close()
                throw error
            }
        } catch {
            throw error.at(path: path)
        }
    }

    /// Opens the store on a locked device.
    static func open(
        _ device: any StorageDevice, path: String?, configuration: Configuration, options: EngineOptions,
        cancellation: Cancellation? = nil
    ) throws(StoreError) -> DatabaseCore {
        try cancellation?.check()
        var options = options
        if let onEvent = configuration.onEvent { options.events = try EventQueue(onEvent) }
        let engine = try Engine.open(device, options: options)
        try cancellation?.check()
        return try DatabaseCore(engine: engine, path: path, configuration: configuration)
    }

    /// Returns the locked device of the store at `path`.
    private static func device(
        at path: String, configuration: Configuration, options: EngineOptions
    ) throws(StoreError) -> any StorageDevice {
        // Another process may make or remove the file between two looks at it; each turn takes what it finds.
        for _ in 0..<16 {
            do {
                let device = try PosixDevice.open(path: path, writable: !configuration.readOnly)
                try lock(device, path: path, exclusive: !configuration.readOnly)
                return device
            } catch {
                guard error.code == .notFound, configuration.createIfMissing, !configuration.readOnly else {
                    throw error
                }
            }
            let created = try PosixDevice.create(path: path) { device throws(StoreError) in
                try lock(device, path: path, exclusive: true)
                var random = SystemRandomNumberGenerator()
                try Engine.format(device, options: options, using: &random)
            }
            if let created { return created }
        }
        throw StoreError(
            .io, "The file can neither be opened nor created.",
            remedy: "Check whether the path is a link to nothing, or another program removes the file.")
    }

    private static func lock(_ device: PosixDevice, path: String, exclusive: Bool) throws(StoreError) {
        let holder: LockHolder?
        do {
            holder = try device.lock(exclusive: exclusive)
        } catch {
            device.close()
            throw error
        }
        guard let holder else { return }
        device.close()
        let who =
            holder.isThisProcess
            ? "this process" : holder.processID.map { name(of: $0, with: path) } ?? "another process"
        let what = exclusive ? "The file is open in \(who)." : "The file is open for writing in \(who)."
        throw StoreError(
            .locked, what, remedy: "Close it there first; a store has one writer, or several readers.",
            at: StoreError.Location(path: path))
    }

    private static func name(of processID: Int32, with path: String) -> String {
        let command = ProcessName.of(processID, having: path).map { " (\($0))" } ?? ""
        return "process \(processID)\(command)"
    }
}
