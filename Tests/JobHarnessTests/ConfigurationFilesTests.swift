import ObjectStorage
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import BraketEnvironment
@testable import JobHarness

@Suite struct ConfigurationFilesTests {
    private func configuration(_ root: FilePath) -> JobConfiguration {
        var configuration = JobConfiguration.example(root: root)
        configuration.channels = [
            ConfiguredChannel(name: "one", location: .local("/x"), contentType: "text/csv", isManifest: false),
            ConfiguredChannel(name: "two", location: .local("/y"), contentType: nil, isManifest: false),
        ]
        return configuration
    }

    /// The shapes of contract §2.2.
    @Test func theFilesOfAJobOfOurOwn() throws {
        try withTemporaryDirectory { root in
            let files = ConfigurationFiles(paths: ContainerPaths(root: root))
            try files.write(configuration(root))
            #expect(try files.read(files.paths.hyperparameters) == ["n": "4"])
            #expect(
                try files.read(files.paths.inputDataConfig) == [
                    "one": [
                        "ContentType": "text/csv", "TrainingInputMode": "File", "S3DistributionType": "FullyReplicated",
                        "RecordWrapperType": "None",
                    ],
                    "two": [
                        "TrainingInputMode": "File", "S3DistributionType": "FullyReplicated",
                        "RecordWrapperType": "None",
                    ],
                ]
            )
            #expect(
                try files.read(files.paths.resourceConfig) == [
                    "current_group_name": "homogeneousCluster", "current_host": "algo-1",
                    "current_instance_type": "local",
                    "hosts": ["algo-1"],
                    "instance_groups": [
                        ["hosts": ["algo-1"], "instance_group_name": "homogeneousCluster", "instance_type": "local"]
                    ],
                    "network_interface_name": "eth0", "topology": nil,
                ]
            )
        }
    }

    /// In the same root they would make the next run a SageMaker one.
    @Test func ourOwnFilesAreNotThePlatforms() throws {
        try withTemporaryDirectory { root in
            let files = ConfigurationFiles(paths: ContainerPaths(root: root))
            #expect(!files.hasPlatformFiles)
            #expect(try files.platformHyperparameters() == nil)
            for instance in [nil, "ml.m5.large"] {
                var configuration = configuration(root)
                configuration.instanceType = instance
                configuration.hyperparameters = ["n": .string(instance ?? "")]
                try files.write(configuration)
                #expect(!files.hasPlatformFiles)
                #expect(try files.platformHyperparameters() == nil)
                // And they are written anew.
                #expect(try files.read(files.paths.hyperparameters)["n"] == .string(instance ?? ""))
                #expect(
                    try files.read(files.paths.resourceConfig)["current_instance_type"] == .string(instance ?? "local")
                )
            }
        }
    }

    @Test func thePlatformsFilesStay() throws {
        try withTemporaryDirectory { root in
            let files = ConfigurationFiles(paths: ContainerPaths(root: root))
            try write(#"{"current_host": "algo-2"}"#, to: files.paths.resourceConfig)
            try write(#"{"a": "1", "b": NaN}"#, to: files.paths.hyperparameters)
            #expect(files.hasPlatformFiles)
            #expect(try files.platformHyperparameters()?["a"] == "1")
            try files.write(configuration(root))
            #expect(files.hasPlatformFiles)
            #expect(try files.read(files.paths.resourceConfig) == ["current_host": "algo-2"])
            #expect(try files.read(files.paths.inputDataConfig).names == ["one", "two"])
            #expect(try files.read(files.paths.hyperparameters) == ["n": "4"])
        }
    }

    @Test(arguments: ["[1]", "", "{", "\"x\""])
    func whatIsNoObject(content: String) throws {
        try withTemporaryDirectory { root in
            let files = ConfigurationFiles(paths: ContainerPaths(root: root))
            try write(content, to: files.paths.hyperparameters)
            let failure = #expect(throws: JobFailure.self) { try files.platformHyperparameters() }
            #expect(failure?.exitCode == 64)
            #expect(failure?.details.first?.contains("\(files.paths.hyperparameters)") == true)
            #expect(try files.readIfThere(files.paths.inputDataConfig) == nil)
        }
    }
}
