// swift-tools-version: 6.2
import PackageDescription

// One library module holds the whole engine: calls between modules are neither inlined nor specialised
// without annotations, so splitting the layers into modules would cost the hot paths. The layers are the
// folders of Sources/LSMTx instead, and a test enforces their direction.
//
// No `unsafeFlags`: SwiftPM refuses them in dependencies, and the default release build loses nothing.
let package = Package(
    name: "lsmtx",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "LSMTx", targets: ["LSMTx"]),
        .executable(name: "lsmtx", targets: ["LSMTxCLI"]),
        // For C. Scripts/build-c-library makes what is installed of it: self-contained, with versioned symbols.
        .library(name: "lsmtx-c", type: .dynamic, targets: ["LSMTxC"]),
    ],
    // Off unless asked for: Foundation makes a program that is linked statically twice as large.
    traits: [
        .trait(name: "Foundation", description: "Data as keys and values, and Date for points in the past.")
    ],
    targets: [
        // The hash. Header-only use (XXH_INLINE_ALL behind static inline wrappers) lets the Swift optimiser
        // inline it: 2.1 ns against 3.9 ns for a 16-byte key through the library call.
        .systemLibrary(
            name: "CXXHash",
            pkgConfig: "libxxhash",
            providers: [.apt(["libxxhash-dev"]), .brew(["xxhash"])]
        ),
        // What the C library's overlay does not import: futexes, OFD locks, per-write durability, a thread-local.
        .target(name: "CLSMTxShims"),
        .target(
            name: "LSMTx",
            dependencies: ["CXXHash", "CLSMTxShims"],
            swiftSettings: settings
        ),
        // The interface for C: the header, which the compiler holds LSMTxC's functions against.
        .target(name: "CLSMTx"),
        .target(
            name: "LSMTxC",
            dependencies: ["CLSMTx", "LSMTx"],
            // The symbols and their versions, for the linker: Scripts/build-c-library passes it.
            exclude: ["lsmtx.map"],
            swiftSettings: settings
        ),
        // getopt_long behind functions: the overlay does not import it everywhere, and its result is mutable globals.
        .target(name: "CGetopt"),
        // The shell's line editor: libedit behind functions, and not readline, whose licence would be the program's.
        // Only the program depends on it: what uses the library alone builds where libedit is not installed.
        .target(name: "CLineEditor", linkerSettings: [.linkedLibrary("edit")]),
        // Not named like the product: on a file system that ignores case, `lsmtx` and `LSMTx` are one build folder.
        .executableTarget(
            name: "LSMTxCLI",
            dependencies: ["LSMTx", "LSMTxSpecs", "CGetopt", "CLineEditor"],
            path: "Sources/lsmtx-cli",
            swiftSettings: settings
        ),
        // Devices that crash and fail, seeded generators: what makes the world under the store deterministic.
        .target(
            name: "LSMTxSimulation",
            dependencies: ["LSMTx"],
            swiftSettings: settings
        ),
        // The spec language, its runner, and what judges histories. Its oracles share no code with the engine.
        .target(
            name: "LSMTxSpecs",
            dependencies: ["LSMTx", "LSMTxSimulation"],
            swiftSettings: settings
        ),
        // The model database, and devices that only tests use. A library target, so that it has tests too.
        .target(
            name: "LSMTxTestSupport",
            dependencies: ["LSMTx", "LSMTxSimulation"],
            swiftSettings: settings
        ),
        // Terminals to test the shell on.
        .target(name: "CPseudoTerminal"),
        .testTarget(
            name: "LSMTxTests",
            dependencies: ["LSMTx", "LSMTxSimulation", "LSMTxTestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "LSMTxCTests",
            dependencies: ["CLSMTx", "LSMTx", "LSMTxC", "LSMTxSimulation", "LSMTxTestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "LSMTxSpecsTests",
            dependencies: ["LSMTx", "LSMTxSimulation", "LSMTxSpecs", "LSMTxTestSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "LSMTxCLITests",
            dependencies: [
                "LSMTx", "LSMTxCLI", "LSMTxSimulation", "LSMTxSpecs", "LSMTxTestSupport", "CPseudoTerminal",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "LSMTxTestSupportTests",
            dependencies: ["LSMTxSimulation", "LSMTxTestSupport"],
            swiftSettings: settings
        ),
    ],
    swiftLanguageModes: [.v6]
)

var settings: [SwiftSetting] {
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ]
}
