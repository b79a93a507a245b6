import BraketEnvironment
import ObjectStorage
import RunnerTestSupport
import SystemPackage
import Testing

@testable import JobHarness

@Suite struct ContainerTreeTests {
    private func tree(_ root: FilePath) -> ContainerTree {
        ContainerTree(paths: ContainerPaths(root: root), logger: silentLogger)
    }

    /// The rules of contract §2.1: nothing there, a link already, and an image without /opt/ml.
    @Test(arguments: ["nothing", "link", "relative link", "link with a slash", "no root"])
    func theLinkLeadsToTheTree(before: String) throws {
        try withTemporaryDirectory { folder in
            let root = before == "no root" ? folder.pushing("deep/root") : folder
            switch before {
            case "link": try link(root.appending("braket"), to: "\(root)/ml")
            case "relative link": try link(root.appending("braket"), to: "ml")
            case "link with a slash": try link(root.appending("braket"), to: "\(root)/./ml/")
            default: ()
            }
            _ = try tree(root).prepare()
            try write("x", to: root.pushing("braket/model/results.json"))
            #expect(try text(of: root.pushing("ml/model/results.json")) == "x")
            #expect(linkTarget(root.appending("braket")) != nil)
            for name in [
                "code/customer_code/original", "additional_setup", "output/data", "input/config", "model", "code",
            ] {
                #expect(FileStatus(of: root.appending("ml").pushing(FilePath(name)))?.isDirectory == true, "\(name)")
            }
            // SDK local mode copies the channels there, one level too deep into a folder that exists.
            #expect(FileStatus(of: root.pushing("ml/input/data")) == nil)
            // A second time changes nothing.
            _ = try tree(root).prepare()
            #expect(try text(of: root.pushing("ml/model/results.json")) == "x")
        }
    }

    /// Today's program works in two worlds here and loses the results.
    @Test func aRealFolderGetsLinksForItsChildren() throws {
        try withTemporaryDirectory { root in
            try write("mine", to: root.pushing("braket/checkpoints/state"))
            // An empty child holds nothing that a link in its place could lose.
            try makeDirectories(root.pushing("braket/output"))
            #expect(try tree(root).prepare() == [])
            #expect(linkTarget(root.appending("braket")) == nil)
            for child in ["code", "input", "model", "output"] {
                try write("x", to: root.appending("braket").appending(child).appending("probe"))
                #expect(try text(of: root.appending("ml").appending(child).appending("probe")) == "x")
            }
            #expect(try text(of: root.pushing("braket/checkpoints/state")) == "mine")
            _ = try tree(root).prepare()
        }
    }

    @Test func aRealChildStays() throws {
        try withTemporaryDirectory { root in
            try write("mine", to: root.pushing("braket/model/old"))
            var paths = ContainerPaths(root: root)
            paths.splitChildren = try tree(root).prepare()
            #expect(paths.splitChildren == ["model"])
            // The script is told where results are looked for.
            #expect(paths.braketText("model") == "\(root)/ml/model")
            #expect(paths.braketText("input/data") == "\(root)/braket/input/data")
            #expect(linkTarget(root.pushing("braket/model")) == nil)
            #expect(try text(of: root.pushing("braket/model/old")) == "mine")
            #expect(linkTarget(root.pushing("braket/input")) == "\(root)/ml/input")
        }
    }

    @Test(arguments: ["file", "link elsewhere", "dangling link"])
    func whatIsInTheWayIsASymlinkFailure(before: String) throws {
        try withTemporaryDirectory { root in
            switch before {
            case "file": try write("x", to: root.appending("braket"))
            case "link elsewhere": try link(root.appending("braket"), to: "/tmp")
            default: try link(root.appending("braket"), to: "/no/such/folder")
            }
            let failure = #expect(throws: JobFailure.self) { try tree(root).prepare() }
            // Today's words (contract §2.1).
            #expect(failure?.firstLine == "Symlink failure.")
            #expect(failure?.details.first?.hasPrefix(" Exception: ") == true)
            #expect(failure?.exitCode == 64)
        }
    }

    @Test(arguments: ["ml", "ml/model"])
    func aFileInTheWayOfAFolder(path: String) throws {
        try withTemporaryDirectory { root in
            try write("x", to: root.pushing(FilePath(path)))
            let failure = #expect(throws: JobFailure.self) { try tree(root).prepare() }
            #expect(failure?.kind == .paths)
            #expect(failure?.description.contains("\(root)/\(path)") == true)
            #expect(failure?.description.contains("--root") == true)
        }
    }

    @Test func resultsOfAnEarlierRunAreMovedAside() throws {
        try withTemporaryDirectory { root in
            let tree = tree(root)
            try tree.setAsidePreviousResults()
            _ = try tree.prepare()
            // Nothing but what every run makes.
            try tree.setAsidePreviousResults()
            #expect(FileStatus(of: root.pushing("ml/previous")) == nil)
            for run in ["first", "second"] {
                try write(run, to: root.pushing("ml/model/results.json"))
                try write(run, to: root.pushing("ml/output/data/x"))
                try write(run, to: root.pushing("ml/output/job.json"))
                try tree.setAsidePreviousResults()
                _ = try tree.prepare()
                #expect(try directoryEntryNames(root.pushing("ml/model")).isEmpty)
                #expect(try directoryEntryNames(root.pushing("ml/output")) == [Array("data".utf8)])
            }
            for (number, run) in ["1": "first", "2": "second"] {
                let previous = root.pushing("ml/previous").appending(number)
                #expect(try text(of: previous.pushing("model/results.json")) == run)
                #expect(try text(of: previous.pushing("output/data/x")) == run)
                #expect(try text(of: previous.pushing("output/job.json")) == run)
            }
        }
    }

    @Test func onlyWhatIsNotEmptyIsMoved() throws {
        try withTemporaryDirectory { root in
            _ = try tree(root).prepare()
            try write("x", to: root.pushing("ml/output/failure"))
            try tree(root).setAsidePreviousResults()
            #expect(try directoryEntryNames(root.pushing("ml/previous/1")) == [Array("output".utf8)])
        }
    }
}
