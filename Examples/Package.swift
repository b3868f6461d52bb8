// swift-tools-version: 6.2
import PackageDescription

// Programs that use the library as any other package would: no special flags, no `package` access.
let package = Package(
    name: "examples",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "lsmtx", path: "..")],
    targets: ["ledger", "jobs", "search"].map { name in
        .executableTarget(
            name: name,
            dependencies: [.product(name: "LSMTx", package: "lsmtx")],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .enableUpcomingFeature("InternalImportsByDefault"),
            ])
    },
    swiftLanguageModes: [.v6]
)
