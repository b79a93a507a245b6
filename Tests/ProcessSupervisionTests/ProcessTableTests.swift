import ProcessSupervision
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What `/proc` says of processes.
struct ProcessTableTests {
    /// A line of /proc/PID/stat with these fields.
    private func stat(_ processID: Int, _ name: String = "sh", state: String = "S", parent: Int) -> [UInt8] {
        let rest = (0..<26).map { "\(100 + $0)" }.joined(separator: " ")
        return Array("\(processID) (\(name)) \(state) \(parent) 7 8 \(rest)\n".utf8)
    }

    @Test("Each field comes from its place, whatever the name holds", arguments: ["sh", "a) S 1 (b", "", "two words"])
    func fields(name: String) throws {
        let entry = try #require(ProcessEntry(stat: stat(42, name, state: "Z", parent: 6)))
        #expect(entry.processID == 42)
        #expect(entry.name == name)
        #expect(entry.isZombie)
        #expect(entry.parentID == 6)
        #expect(entry.groupID == 7)
        #expect(entry.sessionID == 8)
        // Fields 14, 15, 22 and 24 of proc_pid_stat(5); the seventh is the first that counts up from 100 here.
        #expect(entry.userTicks == 107)
        #expect(entry.systemTicks == 108)
        #expect(entry.startTicks == 115)
        #expect(entry.residentPages == 117)
    }

    @Test("What is no such line is no process", arguments: ["", "1", "1 (sh) S", "x (sh) S 1 2 3", ")1 ("])
    func damaged(text: String) {
        #expect(ProcessEntry(stat: Array(text.utf8)) == nil)
    }

    @Test("Descendants are found through any number of parents, and a ring of parents ends")
    func descendants() {
        let table = ProcessTable(
            [(2, 1), (3, 2), (4, 3), (5, 1), (10, 11), (11, 10)].compactMap {
                ProcessEntry(stat: stat($0.0, parent: $0.1))
            }
        )
        #expect(Set(table.descendants(of: 2).map(\.processID)) == [3, 4])
        #expect(Set(table.descendants(of: 1).map(\.processID)) == [2, 3, 4, 5])
        #expect(table.descendants(of: 10).map(\.processID) == [11])
        #expect(table.descendants(of: 99).isEmpty)
    }

    @Test("The own process stands in the table, with its parent")
    func own() throws {
        let entry = try #require(ProcessTable.current().entries[getpid()])
        #expect(entry.parentID == getppid())
        #expect(entry.residentPages > 0)
        #expect(ProcessEntry.read(getpid())?.startTicks == entry.startTicks)
        #expect(ProcessTable.current().descendants(of: getppid()).contains { $0.processID == getpid() })
    }
}
