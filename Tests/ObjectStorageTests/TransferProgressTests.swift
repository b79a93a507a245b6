import RunnerCore
import Testing

@testable import ObjectStorage

@Suite struct TransferProgressTests {
    private typealias Figures = TransferProgress.Figures

    private func figures(bytes: Int64, done: Int64, seconds: Double, isListing: Bool = false) -> Figures {
        Figures(
            objects: 3,
            bytes: bytes,
            isListing: isListing,
            objectsDone: 1,
            bytesDone: done,
            elapsed: .seconds(seconds)
        )
    }

    @Test func whatIsCountedIsShown() {
        let progress = TransferProgress()
        #expect(progress.figures.isListing && progress.figures.objects == 0)
        progress.found(bytes: 100)
        progress.found(bytes: 0)
        progress.add(bytes: 60)
        progress.add(bytes: -60)
        progress.add(bytes: 100)
        progress.objectDone()
        progress.listingEnded()
        let figures = progress.figures
        #expect(figures.objects == 2 && figures.bytes == 100 && !figures.isListing)
        #expect(figures.objectsDone == 1 && figures.bytesDone == 100)
        #expect(figures.elapsed > .zero)
    }

    @Test func countsFromManyThreads() async throws {
        let progress = TransferProgress()
        try await forEachConcurrently(0..<100, limit: 100) { number in
            progress.found(bytes: Int64(number))
            progress.add(bytes: Int64(number))
            progress.objectDone()
        }
        #expect(progress.figures.objects == 100 && progress.figures.objectsDone == 100)
        #expect(progress.figures.bytes == 4950 && progress.figures.bytesDone == 4950)
    }

    @Test(
        arguments: [
            (1000, 500, 5, false, 100, 5), (1000, 500, 0.5, false, 1000, 0.5), (1000, 1000, 2, false, 500, 0),
            (1000, 0, 5, false, 0, nil), (1000, 500, 5, true, 100, nil), (1000, 500, 0, false, 0, nil),
            (1000, 1500, 5, false, 300, 0),
        ] as [(Int64, Int64, Double, Bool, Int64, Double?)]
    )
    func rateAndRest(bytes: Int64, done: Int64, seconds: Double, isListing: Bool, rate: Int64, rest: Double?) {
        let figures = figures(bytes: bytes, done: done, seconds: seconds, isListing: isListing)
        #expect(figures.bytesPerSecond == rate)
        #expect(figures.remaining == rest.map { .seconds($0) })
    }
}
