import Testing

@testable import OutputLog

struct RelayPlanTests {
    static let one = OutputTarget(kind: .pipe, device: 1, inode: 1)
    static let two = OutputTarget(kind: .pipe, device: 1, inode: 2)
    static let terminal = OutputTarget(kind: .terminal, device: 1, inode: 3)
    static let file = OutputTarget(kind: .other, device: 2, inode: 1)
    static let closed = OutputTarget(kind: .closed, device: 0, inode: 0)

    @Test(
        "One pipe for one place, none for a terminal that nobody wants in the log",
        arguments: [
            (one, two, false, [.standardOutput, .standardError]), (one, one, false, [.both]),
            (file, file, false, [.both]), (one, file, false, [.standardOutput, .standardError]),
            (terminal, terminal, false, []), (terminal, terminal, true, [.both]),
            (file, terminal, false, [.standardOutput]), (terminal, one, false, [.standardError]),
            (terminal, one, true, [.standardOutput, .standardError]),
            (closed, closed, false, [.standardOutput, .standardError]),
        ] as [(OutputTarget, OutputTarget, Bool, [OutputStream])]
    )
    func plan(_ output: OutputTarget, _ error: OutputTarget, _ terminals: Bool, _ streams: [OutputStream]) {
        #expect(RelayPlan(output: output, error: error, includesTerminals: terminals).streams == streams)
    }

    @Test("The wait at the end: a second of silence, ten in all, none while our reader is behind")
    func finalWait() {
        let start = ContinuousClock.now
        var wait = FinalWait(begun: start)
        #expect(!wait.isOver(at: start + .milliseconds(999), moved: false, isBlocked: false))
        #expect(wait.isOver(at: start + .milliseconds(1000), moved: false, isBlocked: false))
        #expect(!wait.isOver(at: start + .seconds(100), moved: false, isBlocked: true))
        #expect(!wait.isOver(at: start + .seconds(9), moved: true, isBlocked: false))
        #expect(wait.isOver(at: start + .seconds(10), moved: true, isBlocked: false))
        wait.lastMoved = start + .seconds(3)
        #expect(!wait.isOver(at: start + .milliseconds(3999), moved: false, isBlocked: false))
    }
}
