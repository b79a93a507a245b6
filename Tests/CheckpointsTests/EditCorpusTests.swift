import Checkpoints
import ObjectStorage
import RunnerCore
import RunnerTestSupport
import Synchronization
import SystemPackage
import Testing

/// Edits that size and time do not show, and touches that are none: each is seen for what it is.
@Suite(.timeLimit(.minutes(15))) struct EditCorpusTests {
    private enum Edit: CaseIterable {
        case sameSizeOldTime, sameSizeByRename, touch, touchBack, rename, renameOver, append, truncate, removal,
            addition
    }

    /// What a round of edits must cost.
    fileprivate struct Expected {
        var uploads = 0
        var copies = 0
    }

    /// The folder, whose path is made once: in a debug build a path costs more than the file.
    fileprivate struct Paths {
        private let files: [FilePath]
        private let others: [FilePath]
        /// What becomes a file by rename.
        let new: FilePath
        private let folder: FilePath

        init(_ lab: Lab, count: Int) {
            let folder = lab.folder()
            self.folder = folder
            files = (0..<count).map { folder.appending("f\($0)") }
            others = (0..<count).map { folder.appending("r\($0)") }
            new = folder.appending("new")
        }

        func file(_ number: Int) -> FilePath { files[number] }
        func other(_ number: Int) -> FilePath { others[number] }
        func added(_ number: Int, _ round: Int) -> FilePath { folder.appending("a\(number)-\(round)") }
    }

    @Test func noneIsMissedAndNoneIsSentInVain() async throws {
        try await Lab.with { lab in
            let store = MemoryStore()
            let sync = lab.sync(store)
            _ = try await sync.restore()
            let count = 1000
            let paths = Paths(lab, count: count)
            for number in 0..<count {
                try overwrite("start \(number)", in: paths.file(number), modified: 1_700_000_000)
            }
            _ = try await sync.flush()
            #expect(store.counts.withLock { $0.uploads } == count)
            for round in 0..<10 {
                let before = store.counts.withLock { $0 }
                let expected = try edit(count, round, paths)
                let report = try await sync.flush()
                #expect(report.isSafe)
                let after = store.counts.withLock { $0 }
                #expect(after.uploads - before.uploads == expected.uploads, "round \(round)")
                #expect(after.copies - before.copies == expected.copies, "round \(round)")
                let plain = store.contents(below: "ck/")
                for (name, content) in try contents(of: lab.folder()) where plain[name] != content {
                    Issue.record("round \(round): \(name) was missed")
                }
            }
            _ = try await lab.sync(store, "fresh", run: "reader").restore()
            #expect(try contents(of: lab.folder("fresh")) == contents(of: lab.folder()))
        }
    }

    /// One edit of each file, another one each round.
    private func edit(_ count: Int, _ round: Int, _ paths: Paths) throws -> Expected {
        var expected = Expected()
        for number in 0..<count {
            let edit = Edit.allCases[(number + round) % Edit.allCases.count]
            try apply(edit, to: number, round, paths, &expected)
        }
        return expected
    }

    /// Names and contents of a folder without folders in it.
    private func contents(of folder: FilePath) throws -> [String: String] {
        var contents: [String: String] = [:]
        let path = folder.string + "/"
        for name in try directoryEntryNames(folder) {
            let name = String(decoding: name, as: UTF8.self)
            guard !name.hasPrefix(".braket-runner") else { continue }
            contents[name] = try smallText(path + name)
        }
        return contents
    }

    private func apply(_ edit: Edit, to number: Int, _ round: Int, _ paths: Paths, _ expected: inout Expected) throws {
        let file = paths.file(number)
        // Earlier rounds may have moved or removed it.
        guard FileStatus(of: file) != nil else {
            try overwrite("again \(number) \(round)", in: file)
            return expected.add(1, 1)
        }
        let old = try smallText(file.string)
        switch edit {
        case .sameSizeOldTime:
            try overwrite(changed(old, round), in: file, modified: 1_700_000_000)
            expected.add(1, 1)
        case .sameSizeByRename:
            try overwrite(changed(old, round), in: paths.new, modified: 1_700_000_000)
            _ = moveFile(paths.new, to: file)
            expected.add(1, 1)
        case .touch:
            try setTime(of: file, 1_800_000_000)
        case .touchBack:
            try setTime(of: file, 1_600_000_000)
        case .rename:
            // The name may be taken by an earlier rename: that file is replaced.
            _ = moveFile(file, to: paths.other(number))
            expected.add(0, 1)
        case .renameOver:
            try overwrite("over \(number) \(round)", in: paths.new)
            _ = moveFile(paths.new, to: file)
            expected.add(1, 1)
        case .append:
            try overwrite(old + " \(round)", in: file)
            expected.add(1, 1)
        case .truncate:
            try overwrite("t\(number) \(round)", in: file)
            expected.add(1, 1)
        case .removal:
            removeLink(file)
        case .addition:
            try overwrite("added \(number) \(round)", in: paths.added(number, round))
            expected.add(1, 1)
        }
    }

    /// A text of the same length that nothing else has.
    private func changed(_ text: String, _ round: Int) -> String {
        let letter = Character(Unicode.Scalar(UInt8(ascii: "A") + UInt8(round)))
        return String(letter) + text.dropFirst()
    }
}

extension EditCorpusTests.Expected {
    fileprivate mutating func add(_ uploads: Int, _ copies: Int) {
        self.uploads += uploads
        self.copies += copies
    }
}
