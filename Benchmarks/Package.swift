// swift-tools-version: 6.2
import PackageDescription

// A package of its own that uses the library as any other package would: no special flags, no `package` access.
let package = Package(
    name: "benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "lsmtx", path: "..")],
    targets: [
        .executableTarget(
            name: "bench",
            dependencies: [.product(name: "LSMTx", package: "lsmtx")],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"),
            ]
        )
    ],
    swiftLanguageModes: [.v6]
)
