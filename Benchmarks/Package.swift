// swift-tools-version: 6.2
import PackageDescription

/// Each is a system library's header, and is only looked for where the trait is on.
let peers = ["CRocksDB", "CLevelDB", "CLMDB", "CSQLite", "CWiredTiger"]

// A package of its own that uses the library as any other package would: no special flags, no `package` access.
let package = Package(
    name: "benchmarks",
    platforms: [.macOS(.v15)],
    traits: [
        .trait(name: "Peers", description: "Measure other engines beside LSMTx; Scripts/install-bench-deps gets them.")
    ],
    dependencies: [.package(name: "lsmtx", path: "..")],
    targets: [
        .executableTarget(
            name: "bench",
            dependencies: [.product(name: "LSMTx", package: "lsmtx"), "CCalls"]
                + peers.map { .target(name: $0, condition: .when(traits: ["Peers"])) },
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"),
            ]
        ),
        // Loops in C over the library for C, which is loaded at run time: nothing else needs it.
        .target(name: "CCalls", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
    ] + peers.map { .systemLibrary(name: $0) },
    swiftLanguageModes: [.v6]
)
