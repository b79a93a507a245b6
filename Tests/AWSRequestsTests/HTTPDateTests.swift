import RunnerCore
import Testing

@testable import AWSRequests

@Suite struct HTTPDateTests {
    /// RFC 9110's own example in its three forms, and dates that are none.
    @Test(
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37.000Z"),
            ("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37.000Z"),
            ("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37.000Z"),
            ("Thu, 29 Feb 2024 23:59:60 GMT", "2024-03-01T00:00:00.000Z"),
            ("Friday, 06-Nov-26 00:00:00 GMT", "2026-11-06T00:00:00.000Z"),
            ("Sun, 06 Nov 1994 08:49:37 +0000", nil), ("Sun, 06 Nov 1994 08:49:37 CET", nil),
            ("Wed, 29 Feb 2023 00:00:00 GMT", nil), ("Sun, 06 nov 1994 08:49:37 GMT", nil),
            ("Sun, 06 Nov 1994 24:00:00 GMT", nil), ("Sun, 06 Nov 1994 08:49 GMT", nil),
            ("Sun, 06 Nov 1994 08:49:+7 GMT", nil), ("1994-11-06T08:49:37Z", nil), ("0", nil), ("", nil),
        ] as [(String, String?)]
    )
    func datesAreRead(text: String, moment: String?) {
        #expect(HTTPDate.parse(text)?.description == moment)
    }
}
