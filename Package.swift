// swift-tools-version: 6.2

import PackageDescription

let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "braket-runner",
    products: [
        .executable(name: "braket-runner", targets: ["braket-runner"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system.git", from: "1.8.1"),
    ],
    targets: [
        // MARK: C shims

        .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
        .target(name: "CLinuxShims"),

        // MARK: Leaves

        .target(name: "RunnerCore"),
        .target(name: "BraketAPI", dependencies: ["RunnerCore"]),
        .target(name: "Archive", dependencies: ["CZlib", "RunnerCore", systemPackage]),
        .target(
            name: "ObjectStorage",
            dependencies: [
                "CLinuxShims", "RunnerCore", systemPackage,
                .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),
        .target(name: "ProcessSupervision", dependencies: ["CLinuxShims", "RunnerCore", systemPackage]),
        .target(
            name: "EntryPoint",
            dependencies: ["CLinuxShims", "RunnerCore", systemPackage],
            resources: [
                .embedInCode("describe.py"), .embedInCode("launcher.py"), .embedInCode("launcher_slow.py"),
            ]
        ),

        // MARK: Built on the leaves

        .target(name: "BraketEnvironment", dependencies: ["BraketAPI", "RunnerCore", systemPackage]),
        .target(name: "Checkpoints", dependencies: ["ObjectStorage", "RunnerCore", logging, systemPackage]),

        // MARK: Composition

        .target(
            name: "JobHarness",
            dependencies: [
                "Archive", "BraketAPI", "BraketEnvironment", "Checkpoints", "EntryPoint",
                "ObjectStorage", "ProcessSupervision", "RunnerCore", logging, systemPackage,
            ]
        ),
        .executableTarget(
            name: "braket-runner",
            dependencies: [
                "BraketEnvironment", "JobHarness", "ProcessSupervision", "RunnerCore", logging, systemPackage,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        .target(
            name: "RunnerTestSupport",
            dependencies: ["RunnerCore", systemPackage],
            path: "Tests/RunnerTestSupport"
        ),
        .testTarget(
            name: "IntegrationTests",
            // The executable, so that `swift test` builds what these tests drive.
            dependencies: ["braket-runner", "RunnerCore", "RunnerTestSupport", systemPackage]
        ),
    ]
)

for name in [
    "RunnerCore", "BraketAPI", "BraketEnvironment", "Archive", "ObjectStorage", "ProcessSupervision", "EntryPoint",
    "Checkpoints", "JobHarness",
] {
    var dependencies: [Target.Dependency] = [.target(name: name), "RunnerTestSupport", systemPackage]
    if name != "RunnerCore" { dependencies.append("RunnerCore") }
    if ["BraketEnvironment", "JobHarness"].contains(name) { dependencies.append("BraketAPI") }
    if ["Checkpoints", "JobHarness"].contains(name) { dependencies += ["ObjectStorage", logging] }
    if name == "JobHarness" { dependencies += ["BraketEnvironment", "EntryPoint", "ProcessSupervision"] }
    package.targets.append(
        .testTarget(
            name: "\(name)Tests",
            dependencies: dependencies,
            // Python's own tests of the launcher; LauncherTests.swift runs them.
            exclude: name == "EntryPoint" ? ["launcher"] : []
        )
    )
}

for target in package.targets {
    switch target.type {
    case .regular, .executable, .test:
        var settings = target.swiftSettings ?? []
        // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
        settings.append(.enableUpcomingFeature("ExistentialAny"))
        // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
        settings.append(.enableUpcomingFeature("MemberImportVisibility"))
        // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
        settings.append(.enableUpcomingFeature("InternalImportsByDefault"))
        // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0461-async-function-isolation.md
        settings.append(.enableUpcomingFeature("NonisolatedNonsendingByDefault"))
        target.swiftSettings = settings
    default:
        ()
    }
}
