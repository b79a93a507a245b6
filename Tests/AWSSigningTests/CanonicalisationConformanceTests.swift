import AWSSigning
import RunnerCore
import RunnerTestSupport
import Testing

/// What is left out of a signature, what is refused, and how queries and values are written.
///
/// The rows of `host_header` belong to whoever reads addresses: AWSEndpointsTests.
@Suite struct CanonicalisationConformanceTests {
    private static let file = "sigv4-s3/canonicalisation.json"
    static let leftOut = Suites.rows("headers_left_out_of_signature", of: file)
    static let forbidden = Suites.rows("forbidden_input", of: file)
    static let queries = Suites.rows("canonical_query", of: file)
    static let values = Suites.rows("header_value", of: file)
    static let neverSigned = Suites.object(file)["never_signed_header_names_botocore"]?.arrayValue ?? []

    @Test(.enabled(if: !leftOut.isEmpty, "\(Suites.absent)"), arguments: leftOut)
    func leavesHeaderOut(_ row: Row) throws {
        var request = try SigningCase(request: try row.text("request"))
        request.moment = try #require(Timestamp(iso8601: "2015-08-30T12:36:00Z"))
        #expect(request.withOwnHeaders().stages().canonicalRequest == (try row.text("canonical_request")))
    }

    @Test(.enabled(if: !neverSigned.isEmpty, "\(Suites.absent)"), arguments: neverSigned)
    func neverSigns(_ name: JSONValue) throws {
        let name = try #require(name.stringValue)
        #expect(CanonicalHeaders([("Host", "h"), (name, "v")]).names == "host")
    }

    @Test(.enabled(if: !forbidden.isEmpty, "\(Suites.absent)"), arguments: forbidden)
    func refuses(_ row: Row) async throws {
        let text = try row.text("request")
        // A text that cannot be read would end the process, too.
        #expect(throws: Never.self) { try SigningCase(request: text) }
        await #expect(processExitsWith: .failure) { [text = text as String] in
            _ = try SigningCase(request: text).signed()
        }
        await #expect(processExitsWith: .failure) { [text = text as String] in
            _ = try SigningCase(request: text).presigned(seconds: 60)
        }
    }

    @Test(.enabled(if: !queries.isEmpty, "\(Suites.absent)"), arguments: queries)
    func writesQuery(_ row: Row) throws {
        let query = try #require(try row.text("url").split(separator: "?", maxSplits: 1).last)
        #expect(SigV4Signer.canonicalQuery(String(query)) == (try row.text("canonical_query")))
    }

    @Test(.enabled(if: !values.isEmpty, "\(Suites.absent)"), arguments: values)
    func writesValue(_ row: Row) throws {
        let lines = CanonicalHeaders([("Name", try row.text("value"))]).lines
        #expect(String(decoding: lines, as: UTF8.self) == "name:\(try row.text("canonical"))\n")
    }
}

/// The endpoint rules' function `uriEncode`, which is the same encoding.
@Suite struct PercentEncodingConformanceTests {
    static let rows = Suites.rows("testCases", of: "s3-endpoints/library-functions/uri-encode.json")

    @Test(.enabled(if: !rows.isEmpty, "\(Suites.absent)"), arguments: rows)
    func encodes(_ row: Row) throws {
        let input = try row.row("params").text("Input")
        let encoded = percentEncoded(input.utf8, keepingSlash: false)
        #expect("The value is: `\(encoded)`" == (try row.row("expect").text("error")))
    }
}
