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

    @Test func noneIsMissedAndNoneIsSentInVain() async throws {
        try await Lab.with { lab in
            let store = lab.store()
            let sync = lab.sync(store)
            _ = try await sync.restore()
            let count = 200
            for number in 0..<count {
                try overwrite("start \(number)", in: lab.folder().appending("f\(number)"), modified: 1_700_000_000)
            }
            _ = try await sync.flush()
            #expect(store.counts.withLock { $0.uploads } == count)
            for round in 0..<10 {
                let before = store.counts.withLock { $0 }
                var expected = Expected()
                for number in 0..<count {
                    let edit = Edit.allCases[(number + round) % Edit.allCases.count]
                    try apply(edit, to: number, round, lab, &expected)
                }
                let report = try await sync.flush()
                #expect(report.isSafe)
                let after = store.counts.withLock { $0 }
                #expect(after.uploads - before.uploads == expected.uploads, "round \(round)")
                #expect(after.copies - before.copies == expected.copies, "round \(round)")
                let plain = try lab.plainContents()
                for (name, content) in try lab.contents() where plain[name] != content {
                    Issue.record("round \(round): \(name) was missed")
                }
            }
            let restored = try await lab.restored("fresh").files
            #expect(try restored == lab.contents())
        }
    }

    private func apply(_ edit: Edit, to number: Int, _ round: Int, _ lab: Lab, _ expected: inout Expected) throws {
        let folder = lab.folder()
        let file = folder.appending("f\(number)")
        let other = folder.appending("r\(number)")
        // Earlier rounds may have moved or removed it.
        guard FileStatus(of: file) != nil else {
            try overwrite("again \(number) \(round)", in: file)
            return expected.add(1, 1)
        }
        let old = try text(of: file)
        switch edit {
        case .sameSizeOldTime:
            try overwrite(changed(old, round), in: file, modified: 1_700_000_000)
            expected.add(1, 1)
        case .sameSizeByRename:
            try write(changed(old, round), to: file, modified: 1_700_000_000)
            expected.add(1, 1)
        case .touch:
            try setTime(of: file, 1_800_000_000)
        case .touchBack:
            try setTime(of: file, 1_600_000_000)
        case .rename:
            // The name may be taken by an earlier rename: that file is replaced.
            _ = moveFile(file, to: other)
            expected.add(0, 1)
        case .renameOver:
            try write("over \(number) \(round)", to: folder.appending("new"))
            _ = moveFile(folder.appending("new"), to: file)
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
            try overwrite("added \(number) \(round)", in: folder.appending("a\(number)-\(round)"))
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
