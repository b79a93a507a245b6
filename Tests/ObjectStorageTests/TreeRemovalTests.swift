import ObjectStorage
import RunnerTestSupport
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

@Suite(.timeLimit(.minutes(15))) struct TreeRemovalTests {
    @Test func aTreeOfEverything() throws {
        try withTemporaryDirectory { folder in
            let tree = folder.appending("tree")
            try write("x", to: tree.pushing("a/b/c/file"))
            try write("x", to: tree.pushing("a/b/file"))
            try write("x", to: tree.pushing("z/.hidden"))
            try replaceFile(tree.appending(bytes: [0xff]), with: [])
            try makeDirectories(tree.pushing("empty/empty"))
            try write("kept", to: folder.pushing("outside/file"))
            try link(tree.pushing("a/folder"), to: "../../outside")
            try link(tree.pushing("a/file"), to: "../../outside/file")
            try link(tree.appending("dangling"), to: "nowhere")
            #expect(mkfifo(tree.appending("pipe").string, 0o600) == 0)
            try ObjectStorage.removeTree(tree)
            #expect(try names(in: folder) == ["outside"])
            #expect(try text(of: folder.pushing("outside/file")) == "kept")
        }
    }

    @Test func filesLinksAndNothing() throws {
        try withTemporaryDirectory { folder in
            try write("kept", to: folder.pushing("outside/file"))
            try write("x", to: folder.appending("file"))
            try link(folder.appending("link"), to: "outside")
            for name in ["file", "link", "missing"] { try ObjectStorage.removeTree(folder.appending(name)) }
            #expect(try names(in: folder) == ["outside"])
            #expect(try text(of: folder.pushing("outside/file")) == "kept")
        }
    }

    /// The path of the innermost folder is longer than the kernel takes, and there are more levels than descriptors.
    @Test func aThousandFoldersInEachOther() throws {
        try withTemporaryDirectory { folder in
            let tree = folder.appending("tree")
            let name = String(repeating: "n", count: 100)
            try makeDirectories(tree)
            // From the inside out, because no path leads to the innermost one.
            for _ in 0..<1000 {
                let outer = folder.appending("outer")
                try makeDirectories(outer)
                try #require(moveFile(tree, to: outer.appending(name)))
                try write("x", to: outer.appending("file"))
                try #require(moveFile(outer, to: tree))
            }
            try ObjectStorage.removeTree(tree)
            #expect(FileStatus(of: tree, followingLinks: false) == nil)
            #expect(try names(in: folder).isEmpty)
        }
    }

    /// In a process of its own, which gives up root: root may write everywhere.
    @Test func foldersWithoutWritePermission() async {
        await #expect(processExitsWith: .success) {
            try asNobody { folder in
                let tree = folder.appending("tree")
                try write("x", to: tree.pushing("a/file"))
                try makeDirectories(tree.appending("b"))
                for (path, mode) in [("tree/a", 0o555), ("tree/b", 0o000), ("tree", 0o555)] as [(FilePath, mode_t)] {
                    chmod(folder.pushing(path).string, mode)
                }
                try ObjectStorage.removeTree(tree)
                precondition(FileStatus(of: tree, followingLinks: false) == nil)
            }
        }
    }

    /// Moving a folder to another one needs write permission on the folder itself, for its `..`.
    @Test func nestedFoldersWithoutWritePermission() async {
        await #expect(processExitsWith: .success) {
            try asNobody { folder in
                let tree = folder.appending("tree")
                try write("x", to: tree.pushing("a/b/c/file"))
                for path in ["tree/a/b/c", "tree/a/b", "tree/a", "tree"] as [FilePath] {
                    chmod(folder.pushing(path).string, 0o555)
                }
                try ObjectStorage.removeTree(tree)
                precondition(FileStatus(of: tree, followingLinks: false) == nil)
            }
        }
    }
}

/// Runs `body` with a fresh folder as a user who is not root.
private func asNobody(_ body: (FilePath) throws -> Void) throws {
    try withTemporaryDirectory { folder in
        let user: uid_t = 65_534
        if geteuid() == 0 {
            guard chown(folder.string, user, user) == 0, seteuid(user) == 0 else { throw Errno(rawValue: errno) }
        }
        defer { _ = seteuid(getuid()) }
        try body(folder)
    }
}
