import RunnerTestSupport
import Testing

/// The command `transfer`: a file or a folder, to the store or from it.
@Suite(.timeLimit(.minutes(15)))
struct S3TransferTests {
    @Test("A file there and back, empty, small and in parts", arguments: [0, 5, (8 << 20) + 1])
    func file(_ size: Int) throws {
        try S3World.with { world in
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 17 >> 2) }
            world.folder.write("from here", bytes)
            let up = world.run(["transfer", "from here", world.address("to/a b+c")])
            #expect(up.exitCode == 0, "\(up.errors)")
            #expect(up.standardOutput.isEmpty)
            let stored = try world.oracle.bytes(of: "to/a b+c", in: world.bucket)
            #expect(stored == bytes)
            let down = world.run(["transfer", world.address("to/a b+c"), "sub/back"])
            #expect(down.exitCode == 0, "\(down.errors)")
            #expect(world.folder.bytes("sub/back") == bytes)
            #expect(down.errors.contains("1 of 1 file"), "\(down.errors)")
        }
    }

    @Test("A folder there and back", arguments: ["up", "up/"])
    func folder(_ target: String) throws {
        try S3World.with { world in
            for name in ["a", "sub/deep/b", "sub/c d", "ü"] { world.folder.write("tree/" + name, name) }
            let up = world.run(["transfer", "tree/", world.address(target)])
            #expect(up.exitCode == 0, "\(up.errors)")
            let keys = try world.keys()
            #expect(keys == ["up/a", "up/sub/c d", "up/sub/deep/b", "up/ü"])
            let down = world.run(["transfer", world.address("up/"), "back"])
            #expect(down.exitCode == 0, "\(down.errors)")
            #expect(world.folder.shell("diff -r tree back && echo same").output == "same\n")
        }
    }

    @Test("With a folder in place of the store it needs no AWS settings")
    func folderStore() throws {
        try JobFolder.with { folder in
            folder.write("a", "A")
            for words in [["a", "s3://bucket/x/a"], ["s3://bucket/x/", "back"]] {
                let run = folder.run(["transfer"] + words + ["--storage", "file:" + folder.at("store")])
                #expect(run.exitCode == 0, "\(run.errors)")
            }
            #expect(folder.text("store/bucket/x/a") == "A")
            #expect(folder.text("back/a") == "A")
        }
    }

    @Test(
        "What cannot be copied",
        arguments: [
            (["missing", "BUCKET/x"], 66, "missing"), (["BUCKET/missing", "x"], 66, "/missing"),
            (["BUCKET/here", "here"], 66, "here"), (["s3://no-such-bucket-at-all/x", "x"], 66, "404"),
            (["s3:///x", "x"], 64, "names no bucket"), (["ftp://x/y", "x"], 64, "scheme"),
            (["BUCKET/missing", "BUCKET/there"], 66, "/missing"), (["here"], 64, "target"), ([], 64, "source"),
        ]
    )
    func refused(words: [String], code: Int32, text: String) throws {
        try S3World.with { world in
            try world.put("here", "H")
            world.folder.write("here", "mine")
            let words = words.map { $0.replacing("BUCKET", with: "s3://\(world.bucket)") }
            let run = world.run(["transfer"] + words)
            #expect(run.exitCode == code, "\(run.errors)")
            #expect(run.errors.contains(text), "\(run.errors)")
            #expect(run.standardOutput.isEmpty)
            #expect(world.folder.text("here") == "mine")
            #expect(!world.folder.exists("x"))
            #expect(try world.keys() == ["here"])
        }
    }

    @Test("A key that no file can have is refused by its name")
    func impossibleName() throws {
        let store = try ScriptedServer(FakeBucket(["in/../../etc/passwd": "P", "in/fine": "F"]).answer)
        defer { store.stop() }
        try S3World.with { world in
            let run = world.run(["transfer", "s3://bucket/in/", "back"], endpoint: store.endpoint)
            #expect(run.exitCode == 66, "\(run.errors)")
            #expect(run.errors.contains("s3://bucket/in/../../etc/passwd"), "\(run.errors)")
            #expect(!world.folder.exists("etc"))
        }
    }
}
