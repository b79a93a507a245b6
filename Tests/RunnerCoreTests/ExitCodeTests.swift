import RunnerCore
import Testing

@Suite struct ExitCodeTests {
    /// The numbers are a promise to schedulers: a change here is a change of the command line.
    @Test(
        arguments: [
            (ExitCode.success, 0), (.jobFailed, 1), (.usage, 64), (.scriptArchive, 65), (.inputs, 66),
            (.requirements, 67),
            (.storageUnavailable, 69), (.internalFault, 70), (.resultsNotSafe, 74), (.hostLost, 75),
            (.deviceUnavailable, 76),
            (.refused, 77), (.timeLimit, 124), (.stopped, 143),
        ] as [(ExitCode, Int32)]
    )
    func numbersArePromised(code: ExitCode, number: Int32) {
        #expect(code.rawValue == number)
        #expect(ExitCode(rawValue: number) == code)
    }

    @Test func everyCodeHasASummaryOfItsOwn() {
        #expect(ExitCode.allCases.count == 14)
        let summaries = ExitCode.allCases.map(\.summary)
        #expect(Set(summaries).count == summaries.count)
        for summary in summaries { #expect(!summary.isEmpty && summary.count <= 90 && !summary.contains("\n")) }
    }
}
