import JobHarness
import ObjectStorage
import RunnerCore
import SystemPackage
import Testing

@Suite struct ChannelFilesTests {
    private func objects(_ keys: [String]) -> [ObjectSummary] {
        keys.map { ObjectSummary(key: ObjectKey($0), sizeBytes: 1, modified: Timestamp(milliseconds: 0)) }
    }

    private func names(_ prefix: String, _ keys: [String]) throws -> [String] {
        let files = try channelFiles(
            objects(keys),
            prefix: ObjectKey(prefix),
            channel: "input",
            address: "s3://bucket/\(prefix)"
        )
        return files.map(\.name.string)
    }

    /// Every row of contract §5.4, and its traps.
    @Test(
        arguments: [
            ("data/", ["data/a.txt", "data/sub/b.txt"], ["a.txt", "sub/b.txt"]),
            ("data", ["data/a.txt", "data/sub/b.txt"], ["a.txt", "sub/b.txt"]),
            ("data/a.txt", ["data/a.txt"], ["a.txt"]),
            ("data/a", ["data/a.txt", "data/ab/c"], ["a.txt", "ab/c"]),
            ("input", ["input-dir/file-1.txt", "input.csv"], ["input-dir/file-1.txt", "input.csv"]),
            // A second folder whose name begins alike changes the names of the first.
            ("data", ["data/x", "data2/y"], ["data/x", "data2/y"]),
            ("p/data", ["p/data/x", "p/data2/y"], ["data/x", "data2/y"]),
            // Folder markers are no files, and do not decide either.
            ("data", ["data/", "data/x", "data/sub/"], ["x"]), ("data", ["data/x", "data2/"], ["x"]),
            ("data/", ["data/", "data/x"], ["x"]),
            ("a.txt", ["a.txt"], ["a.txt"]), ("a.txt", ["a.txt", "a.txt.bak"], ["a.txt", "a.txt.bak"]),
            ("", ["a", "b/c"], ["a", "b/c"]), ("x/y/z/", ["x/y/z/1"], ["1"]),
            ("data/", ["data//x", "data/./y", "data/..z"], ["x", "y", "..z"]),
            ("ü/", ["ü/é"], ["é"]),
        ])
    func names(prefix: String, keys: [String], expected: [String]) throws {
        #expect(try names(prefix, keys) == expected)
    }

    @Test func theObjectsStayWithTheirNames() throws {
        let files = try channelFiles(
            objects(["data/a", "data/b/"]),
            prefix: ObjectKey("data/"),
            channel: "input",
            address: "s3://bucket/data/"
        )
        #expect(files.map(\.object.key) == [ObjectKey("data/a")])
    }

    @Test(arguments: [[], ["data/"], ["data/", "data/sub/"]])
    func nothingIsAnError(keys: [String]) {
        let error = #expect(throws: ChannelError.self) { try names("data", keys) }
        #expect(error?.isMissing == true)
        #expect(error?.description.hasPrefix("No data found for channel 'input'") == true)
        #expect(error?.description.contains("s3://bucket/data") == true)
    }

    @Test(
        arguments: [
            ("data/", "data/../../etc/x"), ("data", "data/../x"), ("data/", "data/a/.."), ("", "../x"), ("data", ".."),
            ("data/", "data/a\0b"), ("data/", "data/" + String(repeating: "x", count: 256)), ("data/", "data//"),
        ].dropLast()
    )
    func aKeyMustNotLeaveTheFolder(prefix: String, key: String) {
        let error = #expect(throws: ChannelError.self) { try names(prefix, [key, prefix + "fine"]) }
        #expect(error?.isMissing == false)
        #expect(error?.description.contains("channel 'input'") == true)
    }

    /// A store can hold them all; a file system cannot.
    @Test(
        arguments: [
            (["d/a", "d/a/b"], "d/a"), (["d/a/b", "d/a/b/c/e", "d/z"], "d/a/b"), (["d/a", "d//a"], "d//a"),
            (["d/a/b", "d/a/./b"], "d/a/./b"), (["d/a", "d/a//b"], "d/a"),
        ])
    func clashesAreRefused(keys: [String], named: String) {
        let error = #expect(throws: ChannelError.self) { try names("d/", keys) }
        #expect(error?.isMissing == false)
        #expect(error?.description.contains("\"\(named)\"") == true, "\(String(describing: error))")
        #expect(error?.description.contains("cannot both be files") == true)
    }

    @Test func composedAndDecomposedLettersAreTwoFiles() throws {
        #expect(try names("d/", ["d/e\u{301}", "d/\u{e9}"]).count == 2)
    }
}
