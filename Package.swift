// swift-tools-version: 6.2

import PackageDescription

let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "braket-runner",
    products: [
        .executable(name: "braket-runner", targets: ["braket-runner"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system.git", from: "1.8.1"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
    ],
    targets: [
        // MARK: C shims

        .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
        .target(name: "CLinuxShims"),
        .target(name: "CChecksums"),
        .target(name: "CIsal", linkerSettings: [.linkedLibrary("dl")]),

        // MARK: Leaves

        .target(name: "RunnerCore"),
        .target(name: "BraketAPI", dependencies: ["RunnerCore"]),
        .target(
            name: "Archive",
            dependencies: ["CChecksums", "CIsal", "CLinuxShims", "CZlib", "RunnerCore", systemPackage]
        ),
        .target(
            name: "ObjectStorage",
            dependencies: [
                "CLinuxShims", "RunnerCore", crypto, systemPackage,
                .product(name: "HeapModule", package: "swift-collections"),
            ]
        ),
        .target(name: "AWSSigning", dependencies: ["RunnerCore", crypto]),
        .target(name: "AWSEndpoints", dependencies: ["RunnerCore"]),
        .target(name: "Checksums", dependencies: ["CChecksums", crypto]),
        .target(
            name: "RunnerHTTP",
            dependencies: [
                "RunnerCore", nioCore,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),
        .target(name: "ProcessSupervision", dependencies: ["CLinuxShims", "RunnerCore", systemPackage]),
        .target(name: "JobInit", dependencies: ["CLinuxShims"]),
        .target(name: "MultiInstance", dependencies: ["CLinuxShims", "RunnerCore", crypto]),
        .target(name: "OutputLog", dependencies: ["CLinuxShims", "RunnerCore", systemPackage]),
        .target(
            name: "EntryPoint",
            dependencies: ["CLinuxShims", "RunnerCore", systemPackage],
            resources: [
                .embedInCode("describe.py"), .embedInCode("launcher.py"), .embedInCode("launcher_slow.py"),
            ]
        ),

        // MARK: Built on the leaves

        .target(
            name: "BraketEnvironment",
            dependencies: ["AWSEndpoints", "BraketAPI", "MultiInstance", "RunnerCore", systemPackage]
        ),
        .target(name: "ScriptWatch", dependencies: ["CLinuxShims", "ProcessSupervision", "RunnerCore", systemPackage]),
        .target(
            name: "Checkpoints",
            dependencies: ["CLinuxShims", "ObjectStorage", "RunnerCore", logging, systemPackage],
            exclude: ["README.md"]
        ),
        .target(name: "SystemEvidence", dependencies: ["ProcessSupervision", "RunnerCore"]),

        .target(name: "AWSRequests", dependencies: ["AWSSigning", "RunnerCore", "RunnerHTTP", nioCore]),
        .target(
            name: "AWSCredentials",
            dependencies: ["AWSEndpoints", "AWSRequests", "AWSSigning", "RunnerCore", "RunnerHTTP", nioCore, crypto]
        ),
        .target(
            name: "BraketService",
            dependencies: [
                "AWSEndpoints", "AWSRequests", "AWSSigning", "BraketAPI", "RunnerCore", "RunnerHTTP", nioCore,
            ]
        ),
        .target(
            name: "S3",
            dependencies: [
                "AWSEndpoints", "AWSRequests", "AWSSigning", "Checksums", "ObjectStorage", "RunnerCore", "RunnerHTTP",
                nioCore, systemPackage,
            ]
        ),

        // MARK: Composition

        .target(
            name: "JobHarness",
            dependencies: [
                "AWSCredentials", "AWSEndpoints", "AWSRequests", "Archive", "BraketAPI", "BraketEnvironment",
                "BraketService", "CLinuxShims", "Checkpoints", "EntryPoint", "MultiInstance", "ObjectStorage",
                "OutputLog", "ProcessSupervision", "RunnerCore", "RunnerHTTP", "S3", "ScriptWatch", "SystemEvidence",
                logging,
                systemPackage,
            ]
        ),
        .executableTarget(
            name: "braket-runner",
            dependencies: [
                "BraketEnvironment", "JobHarness", "JobInit", "ProcessSupervision", "RunnerCore", logging,
                systemPackage,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        .target(
            name: "RunnerTestSupport",
            dependencies: ["RunnerCore", systemPackage],
            path: "Tests/RunnerTestSupport",
            // Helpers that run beside the tests, with boto3 and SeaweedFS.
            exclude: ["s3_oracle.py", "s3_server.py"]
        ),
        .testTarget(
            name: "RunnerTestSupportTests",
            dependencies: ["RunnerCore", "RunnerTestSupport", systemPackage]
        ),
        .testTarget(
            name: "IntegrationTests",
            // The executable, so that `swift test` builds what these tests drive.
            dependencies: ["braket-runner", "AWSSigning", "RunnerCore", "RunnerTestSupport", systemPackage]
        ),
    ]
)

// What the tests of a module import beside the module, RunnerCore and the test support.
let testDependencies: [String: [Target.Dependency]] = [
    "AWSCredentials": [
        "AWSEndpoints", "AWSRequests", "AWSSigning", "RunnerHTTP", nioCore,
        nioEmbedded,
    ],
    "AWSEndpoints": ["AWSSigning"],
    "AWSRequests": ["AWSSigning", "RunnerHTTP", nioCore, nioEmbedded],
    "AWSSigning": [],
    "Archive": [crypto],
    "BraketAPI": [],
    "BraketEnvironment": ["AWSEndpoints", "BraketAPI"],
    "BraketService": ["AWSEndpoints", "AWSRequests", "AWSSigning", "BraketAPI", "RunnerHTTP", nioCore, nioEmbedded],
    "Checkpoints": ["ObjectStorage", logging],
    "Checksums": ["CChecksums"],
    "EntryPoint": [],
    "JobHarness": [
        "BraketAPI", "BraketEnvironment", "EntryPoint", "ObjectStorage", "OutputLog", "ProcessSupervision",
        "SystemEvidence", logging,
    ],
    "JobInit": [],
    "MultiInstance": [],
    "ObjectStorage": [],
    "OutputLog": ["CLinuxShims"],
    "ProcessSupervision": [],
    "RunnerCore": [],
    "RunnerHTTP": [nioCore],
    "S3": [
        "AWSEndpoints", "AWSRequests", "AWSSigning", "Checksums", "ObjectStorage", "RunnerHTTP", nioCore, nioEmbedded,
    ],
    "SystemEvidence": [],
    "ScriptWatch": ["ProcessSupervision"],
]

for (name, dependencies) in testDependencies.sorted(by: { $0.key < $1.key }) {
    package.targets.append(
        .testTarget(
            name: "\(name)Tests",
            dependencies: Set(["RunnerCore", name]).sorted().map { .target(name: $0) } + dependencies
                + ["RunnerTestSupport", systemPackage],
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
