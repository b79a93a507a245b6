import RunnerCore
import Testing

@Suite struct TimestampTests {
    /// The expected texts are those of Python's `datetime.fromtimestamp(ms / 1000, timezone.utc)`.
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (-86_400_000, "1969-12-31T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
            (1_582_934_400_007, "2020-02-29T00:00:00.007Z"),
            (1_795_390_879_123, "2026-11-22T23:41:19.123Z"),
            (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
            (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] as [(Int64, String)]
    )
    func descriptionIsISO8601(milliseconds: Int64, expected: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == expected)
    }

    @Test func order() {
        #expect(Timestamp(milliseconds: -5) < Timestamp(milliseconds: 3))
        #expect(!(Timestamp(milliseconds: 3) < Timestamp(milliseconds: 3)))
    }

    /// Between the day this was written and the end of the year 9999, as a clock in seconds would not be.
    @Test func nowIsInMilliseconds() {
        let range = Timestamp(milliseconds: 1_750_000_000_000)...Timestamp(milliseconds: 253_402_300_799_999)
        #expect(range.contains(.now()))
    }
}
