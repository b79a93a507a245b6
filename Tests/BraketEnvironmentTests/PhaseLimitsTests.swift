import Testing

@testable import BraketEnvironment

/// What `--timeout` takes.
@Suite struct PhaseLimitsTests {
    private func read(_ texts: [String]) -> (limits: PhaseLimits, problems: [String]) {
        let read = PhaseLimits.read(texts.map { OptionValue($0, source: "--timeout") })
        return (read.limits, read.problems.map { "\($0.source) \($0.value): \($0.problem)" })
    }

    @Test(arguments: [
        ["fetch=30,install=60,upload=5"], ["fetch=30", "install=60,upload=5"],
        ["upload = 5", "install=60", " fetch=30"],
    ])
    func limits(texts: [String]) {
        let (limits, problems) = read(texts)
        #expect(problems.isEmpty)
        #expect(limits[.fetch] == 30)
        #expect(limits[.install] == 60)
        #expect(limits[.upload] == 5)
        #expect(limits.summary == "fetch=30,install=60,upload=5")
    }

    @Test func noneIsNoLimit() {
        #expect(PhaseLimits.Phase.allCases.allSatisfy { PhaseLimits()[$0] == nil })
        #expect(read(["install=1"]).limits[.fetch] == nil)
    }

    @Test(arguments: [
        ("", "must be fetch=SECONDS"), ("30", "must be fetch=SECONDS"), ("run=30", "must be fetch=SECONDS"),
        ("fetch=", "whole number"), ("fetch=0", "whole number"), ("fetch=-1", "whole number"),
        ("fetch=1.5", "whole number"),
        ("fetch=99999999999999999999", "whole number"), ("fetch=1,fetch=2", "limited twice"), ("fetch=1,", "must be"),
    ])
    func wrong(text: String, problem: String) {
        let problems = read([text]).problems
        #expect(problems.count == 1)
        #expect(problems.first?.contains(problem) == true, "\(problems)")
    }

    @Test("Every wrong part is named") func allProblems() {
        #expect(read(["x=1,fetch=y", "z"]).problems.count == 3)
    }
}
