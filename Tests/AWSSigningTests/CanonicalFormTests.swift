import AWSSigning
import RunnerCore
import Testing

@Suite struct CanonicalFormTests {
    @Test(
        arguments: [
            ([0x61, 0x7a, 0x41, 0x5a, 0x30, 0x39, 0x2d, 0x5f, 0x2e, 0x7e], true, "azAZ09-_.~"),
            ([0x2f, 0x2f], true, "//"),
            ([0x2f], false, "%2F"),
            ([0x20, 0x2b, 0x25], true, "%20%2B%25"),
            ([0x00, 0xff, 0xc3], true, "%00%FF%C3"),
            ([], true, ""),
        ] as [([UInt8], Bool, String)]
    )
    func encodesBytes(bytes: [UInt8], keepingSlash: Bool, expected: String) {
        #expect(percentEncoded(bytes, keepingSlash: keepingSlash) == expected)
        // A sequence whose bytes do not lie side by side goes the other way through the function.
        #expect(percentEncoded(AnySequence(bytes), keepingSlash: keepingSlash) == expected)
    }

    @Test(arguments: [
        (0, "19700101T000000Z", "19700101"),
        (951_782_399_999, "20000228T235959Z", "20000228"),
        (951_782_400_000, "20000229T000000Z", "20000229"),
        (1_767_323_045_678, "20260102T030405Z", "20260102"),
    ])
    func writesDates(milliseconds: Int64, time: String, day: String) {
        let date = AWSDate(Timestamp(milliseconds: milliseconds))
        #expect(date.time == time)
        #expect(date.day == day)
    }

    @Test(arguments: [
        ("", ""), ("a", "a="), ("a=", "a="), ("b=2&a=1", "a=1&b=2"), ("a=2&a=10", "a=10&a=2"), ("a=b=c", "a=b=c"),
        ("a%2F=1&a-=2&a=3", "a=3&a%2F=1&a-=2"), ("A=1&a=2&%61=3", "%61=3&A=1&a=2"), ("a=1&&b=2&", "a=1&b=2"),
    ])
    func ordersQuery(query: String, expected: String) {
        #expect(SigV4Signer.canonicalQuery(query) == expected)
    }

    @Test(arguments: [
        ("/", "/"), ("//a//b", "/a/b"), ("/a/./b/", "/a/b/"), ("/a/../b", "/b"), ("/../a", "/a"), ("/a/..", "/"),
        ("/a%20b", "/a%2520b"), ("/...", "/..."),
    ])
    func pathsOfOtherServices(path: String, expected: String) {
        #expect(SigV4Signer.canonicalPath(path, .twice) == expected)
    }

    @Test(arguments: ["/", "//a//b", "/a/../b", "/a/./b/", "/a%20b"])
    func pathsOfS3StayAsTheyAre(path: String) {
        #expect(SigV4Signer.canonicalPath(path, .once) == path)
    }

    @Test func foldsAndOrdersHeaders() {
        let headers = CanonicalHeaders([
            ("X-b", " two  words\t"), ("x-A", "1"), ("X-B", ""), ("User-Agent", "me"), ("X-A", " 2"), ("Host", "h"),
            ("x-a-b", "3"),
        ])
        #expect(headers.names == "host;x-a;x-a-b;x-b")
        #expect(String(decoding: headers.lines, as: UTF8.self) == "host:h\nx-a:1,2\nx-a-b:3\nx-b:two words,\n")
    }
}
