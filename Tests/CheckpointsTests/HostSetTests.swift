import Checkpoints
import ObjectStorage
import RunnerCore
import RunnerTestSupport
import Synchronization
import SystemPackage
import Testing

/// Sets of checkpoints that several hosts make together at one place.
@Suite(.timeLimit(.minutes(15))) struct HostSetTests {
    @Test func aSetHasTheFilesOfAllHosts() async throws {
        try await Hosts.with(3) { hosts in
            try await hosts.restore()
            for number in 1...3 { try hosts.write("shard-\(number)", "s\(number)", number) }
            #expect(try await hosts.makeSet() == 1)
            let all = ["shard-1": "s1", "shard-2": "s2", "shard-3": "s3"]
            try #expect(hosts.lab.plainContents() == all)
            // On each host, and on a single one.
            try await hosts.begin(named: ["algo-1", "algo-2", "algo-3"], "again")
            #expect(hosts.reports.map(\.generation) == [1, 1, 1])
            for number in 1...3 { try #expect(hosts.contents(number) == all) }
            #expect(try await hosts.lab.restored("single").files == all)
        }
    }

    @Test func aPartAloneIsNoSet() async throws {
        try await Hosts.with(2) { hosts in
            try await hosts.restore()
            for number in 1...2 { try hosts.write("shard-\(number)", "old", number) }
            _ = try await hosts.makeSet()
            try hosts.write("shard-1", "new", 1)
            try hosts.write("more-1", "new", 1)
            _ = try await hosts.flush(1)
            let old = ["shard-1": "old", "shard-2": "old"]
            try #expect(hosts.lab.plainContents() == old)
            #expect(try await hosts.lab.restored("one").files == old)
            // At the end a person finds it at its plain name; a restore does not mix it in, and says so.
            hosts.syncs[0].noteNoFurtherSet(because: "algo-2 was lost")
            let report = try await hosts.flush(1)
            #expect(report.verdict?.contains("NOT SAFE: 2 files") == true)
            #expect(report.unsafe.allSatisfy { $0.contains("in no set of all hosts: algo-2 was lost") })
            try #expect(hosts.lab.plainContents() == ["shard-1": "new", "more-1": "new", "shard-2": "old"])
            let (files, restored) = try await hosts.lab.restored("two")
            #expect(files == old)
            #expect(restored.notes.contains { $0.contains("algo-1 stored newer versions of 2 files") })
        }
    }

    @Test func withoutAnySetAPartIsNotRestoredEither() async throws {
        try await Hosts.with(2) { hosts in
            try CheckpointsTests.write("theirs", to: hosts.lab.stored.appending("given"))
            try await hosts.restore()
            try #expect(hosts.contents(2) == ["given": "theirs"])
            try hosts.write("shard-1", "new", 1)
            hosts.syncs[0].noteNoFurtherSet(because: "algo-2 was lost")
            _ = try await hosts.flush(1)
            try #expect(hosts.lab.plainContents() == ["given": "theirs", "shard-1": "new"])
            #expect(try await hosts.lab.restored("fresh").files == ["given": "theirs"])
        }
    }

    @Test func eachHostChangesWhatIsItsOwn() async throws {
        try await Hosts.with(3) { hosts in
            try await hosts.restore()
            for number in 1...3 { try hosts.write("shard-\(number)", "1", number) }
            _ = try await hosts.makeSet()
            // All hosts have all files now; the copies that a host does not touch do not count.
            try await hosts.begin(named: ["algo-1", "algo-2", "algo-3"], "again")
            try hosts.write("shard-2", "2", 2)
            removeLink(hosts.folder(3).appending("shard-3"))
            let before = hosts.store.counts.withLock { $0 }
            #expect(try await hosts.makeSet() == 2)
            // The content and the name of one file; two leases, two parts and the set.
            let after = hosts.store.counts.withLock { $0 }
            #expect(after.uploads - before.uploads == 1)
            #expect(after.copies - before.copies == 1)
            #expect(after.writes - before.writes == 5)
            let expected = ["shard-1": "1", "shard-2": "2"]
            #expect(try await hosts.lab.restored("fresh").files == expected)
        }
    }

    @Test func ofANameThatTwoHostsWriteTheFirstCounts() async throws {
        try await Hosts.with(3) { hosts in
            try await hosts.restore()
            for number in 1...3 { try hosts.write("same", "of \(number)", number) }
            for number in 1...3 { try hosts.write("equal", "x", number) }
            _ = try await hosts.makeSet()
            #expect(hosts.clashes == ["same"])
            try #expect(hosts.lab.plainContents()["same"] == "of 1")
            #expect(try await hosts.lab.restored("fresh").files == ["same": "of 1", "equal": "x"])
            // What is written again counts as every other change.
            try hosts.write("same", "of 3 again", 3)
            try hosts.write("same", "of 1 again", 1)
            _ = try await hosts.makeSet()
            #expect(try await hosts.lab.restored("later").files == ["same": "of 1 again", "equal": "x"])
        }
    }

    @Test func hostsAndSingleOnesTakeTurns() async throws {
        try await Hosts.with(2) { hosts in
            try await hosts.restore()
            for number in 1...2 { try hosts.write("shard-\(number)", "1", number) }
            _ = try await hosts.makeSet()
            let single = hosts.lab.sync(hosts.store, "single", run: "single")
            _ = try await single.restore()
            try CheckpointsTests.write("2", to: hosts.lab.folder("single").appending("shard-1"))
            #expect(try await single.flush().isSafe)
            let second = ["shard-1": "2", "shard-2": "1"]
            #expect(try await hosts.lab.restored("fresh").files == second)
            try #expect(hosts.lab.plainContents() == second)
            // Other hosts than before, and what the earlier ones stored goes when nothing needs it any more.
            for round in 3...6 {
                try await hosts.begin(named: ["node-a", "node-b"], "round-\(round)")
                let before = round == 3 ? "1" : "\(round - 1)"
                for number in 1...2 { try #expect(hosts.contents(number)["shard-2"] == before) }
                try hosts.write("shard-1", "\(round)", 1)
                try hosts.write("shard-2", "\(round)", 2)
                _ = try await hosts.makeSet()
                let expected = ["shard-1": "\(round)", "shard-2": "\(round)"]
                #expect(try await hosts.lab.restored("after-\(round)").files == expected)
            }
            let left = filesBelow(hosts.lab.stored.pushing(".braket-runner/hosts"))
            #expect(!left.contains { $0.hasPrefix("algo-") && $0.contains("/objects/") }, "\(left)")
            try #expect(directoryEntryNames(hosts.lab.stored.pushing(".braket-runner/objects")).isEmpty)
        }
    }

    // MARK: What ends in the middle leaves

    /// A job that lost a host leaves files that are in no set, and so does the one after it: none is ever mixed in.
    @Test func whatIsInNoSetStaysOutForGood() async throws {
        try await Hosts.with(2) { hosts in
            let names = ["algo-1", "algo-2"]
            try await hosts.restore()
            for number in 1...2 { try hosts.write("shard-\(number)", "1", number) }
            _ = try await hosts.makeSet()
            try hosts.write("step-200", "x", 1)
            hosts.syncs[0].noteNoFurtherSet(because: "algo-2 was lost")
            _ = try await hosts.flush(1)
            // The next run stores a part, and is lost too.
            try await hosts.begin(named: names, "second")
            #expect(hosts.reports[1].notes.contains { $0.contains("newer versions of 1 file") })
            try hosts.write("step-300", "y", 1)
            hosts.syncs[0].noteNoFurtherSet(because: "algo-2 was lost")
            _ = try await hosts.flush(1)
            try #expect(hosts.lab.plainContents().keys.sorted() == ["shard-1", "shard-2", "step-200", "step-300"])
            // The third one makes a set, and with it what is older is settled.
            try await hosts.begin(named: names, "third")
            try hosts.write("shard-1", "2", 1)
            _ = try await hosts.makeSet()
            let expected = ["shard-1": "2", "shard-2": "1"]
            let (files, report) = try await hosts.lab.restored("fresh")
            #expect(files == expected)
            #expect(report.notes == [])
        }
    }

    @Test func theOnlyCopyOfAFileIsNotOverwrittenByWhatIsInNoSet() async throws {
        try await Hosts.with(2) { hosts in
            try CheckpointsTests.write("given", to: hosts.lab.stored.appending("model"))
            try await hosts.restore()
            try hosts.write("model", "2", 1)
            hosts.syncs[0].noteNoFurtherSet(because: "algo-2 was lost")
            #expect(try await !hosts.flush(1).isSafe)
            #expect(try await hosts.lab.restored("fresh").files == ["model": "given"])
        }
    }

    @Test func aSingleHostAfterwardsSaysNothingOfOldParts() async throws {
        try await Hosts.with(2) { hosts in
            try await hosts.restore()
            try hosts.write("shard-1", "1", 1)
            _ = try await hosts.makeSet()
            for round in 1...3 {
                let single = hosts.lab.sync(hosts.store, "single-\(round)", run: "single\(round)")
                #expect(try await single.restore().notes == [], "round \(round)")
                try CheckpointsTests.write("s\(round)", to: hosts.lab.folder("single-\(round)").appending("shard-1"))
                #expect(try await single.flush().isSafe)
            }
            #expect(try await hosts.lab.restored("fresh").files == ["shard-1": "s3"])
        }
    }

    /// The plain name of what the second host of two stored is not copied when the job is killed; one host goes on.
    @Test func plainNamesOfHostsThatLeftAreCompleted() async throws {
        try await Hosts.with(2) { hosts in
            try await hosts.restore()
            try hosts.write("shard-2", "1", 2)
            _ = try await hosts.makeSet(catchingUp: false)
            try #expect(hosts.lab.plainContents() == [:])
            let single = hosts.lab.sync(hosts.store, "single", run: "single")
            _ = try await single.restore()
            #expect(try await single.flush().isSafe)
            try #expect(hosts.lab.plainContents() == ["shard-2": "1"])
        }
    }

    // MARK: Folders that are there already

    /// The host that was lost is another machine now; the others still have what they wrote after the set.
    @Test func ofSeveralHostsTheSetCountsBeforeWhatAFolderHas() async throws {
        try await Hosts.with(2) { hosts in
            hosts.settings.resume = .remote
            let names = ["algo-1", "algo-2"]
            try await hosts.begin(named: names, "same")
            for number in 1...2 { try hosts.write("shard-\(number)", "1", number) }
            _ = try await hosts.makeSet()
            try hosts.write("shard-1", "newer", 1)
            try hosts.write("more-1", "newer", 1)
            try await hosts.begin(named: names, "same")
            for number in 1...2 { try #expect(hosts.contents(number) == ["shard-1": "1", "shard-2": "1"]) }
            // Nothing is lost.
            let aside = hosts.lab.folder("same").appending("algo-1.before-restore-1")
            #expect(filesBelow(aside) == ["more-1", "shard-1"])
        }
    }

    @Test func whatWasFilledByHandStays() async throws {
        try await Hosts.with(1) { hosts in
            hosts.settings.resume = .remote
            try CheckpointsTests.write("warm", to: hosts.lab.folder("filled/algo-1").appending("given"))
            try await hosts.begin(named: ["algo-1"], "filled")
            try #expect(hosts.contents(1) == ["given": "warm"])
        }
    }

    // MARK: Deletions

    /// Scripts that keep the last few checkpoints, after a resume.
    @Test func removedFilesStayRemovedOverManySets() async throws {
        try await Hosts.with(2) { hosts in
            hosts.settings.mirrorsDeletions = true
            let names = ["algo-1", "algo-2"]
            try await hosts.begin(named: names, "first")
            for number in 1...2 { try hosts.write("old-\(number)", "o\(number)", number) }
            _ = try await hosts.makeSet()
            try await hosts.begin(named: names, "second")
            removeLink(hosts.folder(1).appending("old-1"))
            removeLink(hosts.folder(1).appending("old-2"))
            for round in 1...4 {
                try hosts.write("step", "\(round)", 1)
                _ = try await hosts.makeSet()
                #expect(try await hosts.lab.restored("after-\(round)").files == ["step": "\(round)"])
                try #expect(hosts.lab.plainContents() == ["step": "\(round)"])
            }
        }
    }

    /// All scripts remove what they restored, and one writes it again.
    @Test func aNameThatAnotherHostUsesAgainKeepsItsPlainName() async throws {
        try await Hosts.with(2) { hosts in
            hosts.settings.mirrorsDeletions = true
            let names = ["algo-1", "algo-2"]
            try await hosts.begin(named: names, "first")
            try hosts.write("a", "1", 1)
            _ = try await hosts.makeSet()
            try await hosts.begin(named: names, "second")
            try hosts.write("a", "2", 1)
            removeLink(hosts.folder(2).appending("a"))
            _ = try await hosts.makeSet()
            try #expect(hosts.lab.plainContents() == ["a": "2"])
        }
    }

    @Test func aNameThatIsUsedAgainKeepsItsPlainName() async throws {
        try await Hosts.with(2) { hosts in
            hosts.settings.mirrorsDeletions = true
            try await hosts.begin(named: ["algo-1", "algo-2"], "first")
            try hosts.write("a", "1", 1)
            _ = try await hosts.makeSet()
            removeLink(hosts.folder(1).appending("a"))
            _ = try await hosts.flush(1)
            try hosts.write("a", "2", 1)
            _ = try await hosts.makeSet()
            try #expect(hosts.lab.plainContents() == ["a": "2"])
        }
    }

    /// A host has made more parts than there are sets, is away for a run, and comes back: its parts count on.
    @Test func partsCountOnAfterARunWithoutTheHost() async throws {
        try await Hosts.with(2) { hosts in
            try await hosts.restore()
            for round in 1...9 {
                try hosts.write("shard-2", "\(round)", 2)
                _ = try await hosts.flush(2)
            }
            _ = try await hosts.makeSet()
            for round in 1...2 {
                try await hosts.begin(named: ["algo-1"], "alone")
                try hosts.write("shard-1", "\(round)", 1)
                _ = try await hosts.makeSet()
            }
            try await hosts.begin(named: ["algo-1", "algo-2"], "again")
            try hosts.write("shard-1", "3", 1)
            _ = try await hosts.makeSet()
            let third = ["shard-1": "3", "shard-2": "9"]
            try hosts.write("shard-2", "10", 2)
            _ = try await hosts.flush(2)
            // Alone it is in no set.
            try #expect(hosts.lab.plainContents() == third)
            #expect(try await hosts.lab.restored("one").files == third)
            _ = try await hosts.makeSet()
            let fourth = ["shard-1": "3", "shard-2": "10"]
            #expect(try await hosts.lab.restored("two").files == fourth)
            try await hosts.withoutNewestSet {
                let before = try await hosts.lab.restored("three").files
                #expect(before == third)
            }
        }
    }

    // MARK: Nothing is torn

    /// The store takes no change after so many: what is restored is one of the two sets, never a mixture.
    @Test func aKillBetweenAnyTwoRequestsLeavesAWholeSet() async throws {
        var seen: Set<String> = []
        for survivors in 0..<80 {
            let isOver = try await Hosts.with(2, survivors) { hosts in
                try? await hosts.restore()
                var sets: [[String: String]] = [[:]]
                var made = 0
                for tag in ["A", "B"] {
                    for number in 1...2 {
                        try hosts.write("shard-\(number)", "\(tag)\(number)", number)
                        try hosts.write("only-\(tag)-\(number)", tag, number)
                    }
                    sets.append(try hosts.contents(1).merging(try hosts.contents(2)) { one, _ in one })
                    if (try? await hosts.makeSet()) != nil { made += 1 }
                }
                let files = try await hosts.lab.restored("fresh").files
                let which = sets.firstIndex(of: files)
                #expect(which != nil, "after \(survivors) requests: \(files)")
                seen.insert("\(which ?? -1)")
                if made == 2 { #expect(which == 2) }
                return made == 2 && hosts.store.isAlive
            }
            if isOver { break }
        }
        #expect(seen == ["0", "1", "2"])
    }

    /// Writes, removals, parts and sets in any order: the last two sets stay whole, and what is stored stays small.
    @Test(arguments: 1...6)
    func theLastTwoSetsStayWhole(_ seed: UInt64) async throws {
        var random = Numbers(seed)
        try await Hosts.with(3) { hosts in
            try await hosts.restore()
            var files: [String: String] = [:]
            var sets: [Int: [String: String]] = [:]
            for round in 1...25 {
                for number in 1...3 where random.next(below: 3) > 0 {
                    let name = "\(number)-\(random.next(below: 3))"
                    // Contents come back, and some are those of other hosts.
                    files[name] = random.next(below: 6) == 0 ? nil : "c\(random.next(below: 5))"
                    if let text = files[name] {
                        try hosts.write(name, text, number)
                    } else {
                        removeLink(hosts.folder(number).appending(name))
                    }
                    if random.next(below: 2) == 0 { _ = try await hosts.flush(number) }
                }
                guard random.next(below: 3) > 0, !files.isEmpty || !sets.isEmpty,
                    let newest = try? await hosts.makeSet()
                else { continue }
                sets[newest] = files
                #expect(try await hosts.lab.restored("newest-\(round)").files == files, "round \(round)")
                try await hosts.withoutNewestSet {
                    guard let before = sets[newest - 1] else { return }
                    let restored = try await hosts.lab.restored("before-\(round)").files
                    #expect(restored == before, "round \(round)")
                }
                if random.next(below: 6) == 0 {
                    try await hosts.begin(named: ["algo-1", "algo-2", "algo-3"], "again-\(round)")
                }
            }
            #expect(sets.count > 5)
            let stored = filesBelow(hosts.lab.stored.pushing(".braket-runner/hosts"))
            let contents = stored.filter { $0.contains("/objects/") }
            #expect(contents.count <= 40, "\(contents.count)")
        }
    }
}

/// Numbers that are the same in each run.
private struct Numbers {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next(below limit: UInt64) -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state % limit
    }
}
