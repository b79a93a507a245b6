import ObjectStorage
import RunnerTestSupport
import SystemPackage
import Testing

@testable import BraketEnvironment
@testable import JobHarness

@Suite(.timeLimit(.minutes(15))) struct InputStageTests {
    private let unusedS3 = S3Access(
        environment: ProcessEnvironment(),
        settings: StoreSettings(),
        logger: silentLogger
    )

    private func stage(
        _ root: FilePath,
        _ channels: [(name: String, address: String, isManifest: Bool)]
    ) throws -> InputStage {
        var configuration = JobConfiguration.example(root: root)
        configuration.channels = try channels.map { channel in
            ConfiguredChannel(
                name: channel.name,
                location: try DataLocation(channel.address, relativeTo: root),
                contentType: nil,
                isManifest: channel.isManifest
            )
        }
        return InputStage(
            configuration: configuration,
            stores: Stores(mode: configuration.storage, s3: unusedS3),
            logger: silentLogger
        )
    }

    @Test func channelsAreFilledAndReplaced() async throws {
        try await withTemporaryDirectory { root in
            try write("1", to: root.pushing("store/b/data/a.txt"))
            try write("22", to: root.pushing("store/b/data/sub/b.txt"))
            try write("3", to: root.pushing("local/x/c"))
            let data = root.pushing("ml/input/data")
            try write("of an earlier run", to: data.pushing("one/old"))
            let stage = try stage(
                root,
                [("one", "s3://b/data", false), ("two", "local/x", false), ("three", "local/x/c", false)]
            )
            let contents = try await stage.fetch()
            #expect(contents.map(\.bytes) == [3, 1, 1])
            #expect(try text(of: data.pushing("one/sub/b.txt")) == "22")
            #expect(try text(of: data.pushing("two/c")) == "3")
            #expect(try text(of: data.pushing("three/c")) == "3")
            #expect(FileStatus(of: data.pushing("one/old")) == nil)
            // Nothing half done is left beside the channels.
            let names = try directoryEntryNames(data).map { String(decoding: $0, as: UTF8.self) }
            #expect(Set(names) == ["one", "two", "three"])
            #expect(try directoryEntryNames(root.pushing("ml/input")) == [Array("data".utf8)])
        }
    }

    @Test func aManifestListsTheObjects() async throws {
        try await withTemporaryDirectory { root in
            for key in ["p/a", "p/sub/b", "p/not-listed"] {
                try write(key, to: root.pushing("store/b").pushing(FilePath(key)))
            }
            try write(#"[{"prefix": "s3://b/p/"}, "a", "sub/b"]"#, to: root.pushing("store/b/list.manifest"))
            let contents = try await stage(root, [("m", "s3://b/list.manifest", true)]).contents()
            #expect(contents.first?.files?.map(\.name) == ["a", "sub/b"])
        }
    }

    @Test(arguments: [
        "{}", "[]", "[\"a\"]", "[{\"prefix\": 1}]", "[{\"prefix\": \"s3://b/p/\"}, 1]",
        "[{\"prefix\": \"s3://b/p/\"}, \"../x\"]", "x",
    ])
    func whatIsNoManifest(content: String) async throws {
        try await withTemporaryDirectory { root in
            try write(content, to: root.pushing("store/b/list.manifest"))
            try write("x", to: root.pushing("store/b/p/a"))
            let stage = try stage(root, [("m", "s3://b/list.manifest", true)])
            let failure = await #expect(throws: JobFailure.self) { try await stage.contents() }
            #expect(failure?.kind == .inputRefused)
            #expect(failure?.exitCode == 66)
        }
    }

    @Test(
        arguments: [
            ("s3://b/missing/", JobFailure.Kind.inputMissing, 66 as Int32), ("s3://no-bucket/x", .inputMissing, 66),
            ("s3://../x", .inputMissing, 66), ("missing", .inputMissing, 66),
        ])
    func whatIsNotThere(address: String, kind: JobFailure.Kind, code: Int32) async throws {
        try await withTemporaryDirectory { root in
            let stage = try stage(root, [("data", address, false)])
            let failure = await #expect(throws: JobFailure.self) { try await stage.contents() }
            #expect(failure?.kind == kind)
            #expect(failure?.exitCode == code)
            #expect(failure?.firstLine.contains("channel 'data'") == true)
        }
    }

    /// No region's name may lead a request to another host, and nothing is sent to find that out.
    @Test func aWrongSettingOfTheStoreIsNoRetry() async throws {
        try await withTemporaryDirectory { root in
            var settings = StoreSettings()
            settings.region = "no/region"
            let access = S3Access(
                environment: ProcessEnvironment([("AWS_ACCESS_KEY_ID", "A"), ("AWS_SECRET_ACCESS_KEY", "B")]),
                settings: settings,
                logger: silentLogger
            )
            var stage = try stage(root, [("data", "s3://b/x", false)])
            stage = InputStage(
                configuration: stage.configuration,
                stores: Stores(mode: .s3, s3: access),
                logger: silentLogger
            )
            let failure = await #expect(throws: JobFailure.self) { try await stage.contents() }
            #expect(failure?.kind == .storageUnavailable)
            #expect(failure?.exitCode == 69)
        }
    }

    /// The prefix rules are for keys: a path of this machine is a file or a folder.
    @Test(
        arguments: [("local/graph.json", ["graph.json"]), ("local/gra", nil), ("local/graph", nil)]
            as [(String, [String]?)]
    )
    func aLocalPathIsNoPrefix(path: String, expected: [String]?) async throws {
        try await withTemporaryDirectory { root in
            for name in ["graph.json", "graph.json.bak"] { try write("x", to: root.appending("local").appending(name)) }
            let stage = try stage(root, [("data", path, false)])
            let names = try? await stage.contents().first?.files?.map(\.name.string)
            #expect(names == expected)
        }
    }
}
