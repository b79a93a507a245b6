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

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2024-02-29T12:00:00.5Z", 1_709_208_000_500),
            ("2000-03-01T00:00:00.123999Z", 951_868_800_123), ("1969-12-31T23:59:59.999Z", -1),
            ("2026-11-21 23:41:19.123+00:00", 1_795_304_479_123), ("2026-11-21T18:41:19.123-05:00", 1_795_304_479_123),
            ("2026-01-02T03:04:05+00:00x", nil), ("0001-01-01T00:00:00Z", -62_135_596_800_000),
            ("0000-01-01T00:00:00Z", nil),
            ("2023-01-01T00:00:60Z", 1_672_531_260_000), ("2023-01-01T00:00:61Z", nil), ("2023-01-01T00:60:00Z", nil),
            ("2023-01-01T00:00:00+24:00", nil), ("2023-01-01T00:00:00+01", nil), ("2023-1-01T00:00:00Z", nil),
            ("2023-02-29T00:00:00Z", nil), ("2023-13-01T00:00:00Z", nil), ("2023-01-01T24:00:00Z", nil),
            ("2023-01-01T00:00:00", nil), ("2023-01-01T00:00:00.Z", nil), ("2023-01-01T00:00:00Zx", nil), ("", nil),
        ] as [(String, Int64?)]
    )
    func iso8601IsRead(text: String, milliseconds: Int64?) {
        #expect(Timestamp(iso8601: text)?.milliseconds == milliseconds)
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
