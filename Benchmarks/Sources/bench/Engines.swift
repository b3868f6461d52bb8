/// The engines that this build knows: LSMTx, and beside it the others where the trait `Peers` is on.
enum Engines {
    static let names = all(cacheBytes: 0, memtableBytes: 0).map(\.name)

    static func all(cacheBytes: Int, memtableBytes: Int) -> [Engine] {
        var engines = [Engine.lsmtx(cacheBytes: cacheBytes, memtableBytes: memtableBytes)]
        #if Peers
        engines += [
            .rocksDB(cacheBytes: cacheBytes, memtableBytes: memtableBytes),
            .levelDB(cacheBytes: cacheBytes, memtableBytes: memtableBytes),
            .lmdb(),
            .sqlite(cacheBytes: cacheBytes, memtableBytes: memtableBytes),
            .wiredTiger(cacheBytes: cacheBytes, isWeaker: false),
            .wiredTiger(cacheBytes: cacheBytes, isWeaker: true),
        ]
        #endif
        return engines
    }

    /// Those that the command line names, or all.
    static func wanted(_ options: Options) throws -> [Engine] {
        let all = all(cacheBytes: options.cacheBytes, memtableBytes: options.memtableBytes)
        guard !options.engines.isEmpty else { return all }
        return try options.engines.map { name in
            guard let engine = all.first(where: { $0.name == name }) else {
                throw Failure(
                    "\(name) is no engine of this build, which has \(names.joined(separator: ", ")). "
                        + "Others need the trait Peers: see Benchmarks/README.md.")
            }
            return engine
        }
    }
}
