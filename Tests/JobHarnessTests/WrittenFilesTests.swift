import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import JobHarness

struct WrittenFilesTests {
    @Test("What is found, by entry, and what is not")
    func scan() throws {
        try JobFolder.with { folder in
            for name in ["out/a", "out/deep/b", "plot.png", "__pycache__/m.pyc", ".cache/x", "skip/y", "m.pyc"] {
                folder.write("work/\(name)", "12345")
            }
            let work = FilePath(folder.at("work"))
            let found = WrittenFiles.scan(
                work,
                since: Timestamp(milliseconds: 0),
                leavingOut: [work.appending("skip")]
            )
            #expect(
                found.map { "\($0.name) \($0.isFolder) \($0.files) \($0.bytes)" } == [
                    "out true 2 10", "plot.png false 1 5",
                ]
            )
            let later = Timestamp(milliseconds: Timestamp.now().milliseconds + 60_000)
            #expect(WrittenFiles.scan(work, since: later, leavingOut: []).isEmpty)
        }
    }

    @Test("The sentence")
    func hint() {
        let out = WrittenFiles(name: "out", isFolder: true, files: 3, bytes: 12_000_000)
        #expect(
            WrittenFiles.hint([out], canUpload: true)
                == "results folder is empty; your script wrote 3 files to ./out (12 MB): "
                + "add --upload out=always, or write to $AMZN_BRAKET_JOB_RESULTS_DIR"
        )
        #expect(WrittenFiles.hint([out], canUpload: false)?.contains("--upload") == false)
        #expect(WrittenFiles.hint([], canUpload: true) == nil)
        let many = (1...5).map { WrittenFiles(name: "f\($0)", isFolder: false, files: 1, bytes: 1) }
        #expect(WrittenFiles.hint(many, canUpload: true)?.contains("and to 2 other places: add") == true)
    }
}
