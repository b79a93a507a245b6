import Checkpoints
import ObjectStorage
import RunnerTestSupport
import Synchronization
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Links inside the checkpoint folder, as `last.ckpt` of a training library.
@Suite(.timeLimit(.minutes(15))) struct LinkedFileTests {
    @Test func aLinkToAFileOfTheFolderIsThatFile() async throws {
        try await Lab.with { lab in
            // The folder itself is reached through a link, as in the container.
            try makeDirectories(lab.folder("real"))
            #expect(symlink("real", lab.folder().string) == 0)
            let store = lab.store()
            let sync = lab.sync(store)
            _ = try await sync.restore()
            try overwrite("one", in: lab.folder().appending("step-1"))
            try overwrite("two", in: lab.folder().appending("step-2"))
            #expect(symlink("step-1", lab.folder().appending("last").string) == 0)
            let report = try await sync.flush()
            #expect(report.isSafe && report.skipped.isEmpty, "\(report)")
            #expect(try await lab.restored("first").files == ["step-1": "one", "step-2": "two", "last": "one"])
            // It leads to another file now, which the store has.
            removeLink(lab.folder().appending("last"))
            #expect(symlink(lab.folder().appending("step-2").string, lab.folder().appending("last").string) == 0)
            #expect(try await sync.flush().isSafe)
            #expect(try await lab.restored("second").files["last"] == "two")
            #expect(store.counts.withLock { $0.uploads } == 2)
        }
    }

    @Test(arguments: ["../outside", "/etc/passwd", "sub", "nothing", "loop", "."])
    func otherLinksAreNamedAndLeftOut(target: String) async throws {
        try await Lab.with { lab in
            let sync = lab.sync(lab.store())
            _ = try await sync.restore()
            try overwrite("secret", in: lab.place.appending("outside"))
            try makeDirectories(lab.folder().appending("sub"))
            #expect(symlink(target, lab.folder().appending("loop").string) == 0)
            let report = try await sync.flush()
            #expect(report.skipped == ["loop is a link to no file of the folder"])
            #expect(filesBelow(lab.stored).isEmpty)
        }
    }
}
