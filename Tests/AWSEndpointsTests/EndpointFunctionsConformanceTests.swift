import AWSEndpoints
import RunnerCore
import RunnerTestSupport
import Testing

/// The functions that endpoint rules are made of, and the `Host` of addresses; `uriEncode` is in AWSSigningTests.
@Suite struct EndpointFunctionsConformanceTests {
    static let buckets = Suites.rows(
        "testCases",
        of: "s3-endpoints/library-functions/is-virtual-hostable-s3-bucket.json"
    )
    static let urls = Suites.rows("testCases", of: "s3-endpoints/library-functions/parse-url.json")
    static let hosts = Suites.rows("host_header", of: "sigv4-s3/canonicalisation.json")

    @Test(.enabled(if: !buckets.isEmpty, "\(Suites.absent)"), arguments: buckets)
    func isVirtualHostableBucket(_ row: Row) throws {
        let bucket = try row.row("params").text("BucketName")
        // The rules of the table: over TLS without dots, else over plain HTTP with dots, else not at all.
        let url = row.row("expect").object["endpoint"]?.objectValue?["url"]?.stringValue
        #expect(isVirtualHostable(bucket: bucket, allowingDots: false) == url?.hasPrefix("https:") ?? false)
        #expect(isVirtualHostable(bucket: bucket, allowingDots: true) == (url != nil))
    }

    @Test(.enabled(if: !urls.isEmpty, "\(Suites.absent)"), arguments: urls)
    func parsesURL(_ row: Row) throws {
        let text = try row.row("params").text("Endpoint")
        guard let expected = row.row("expect").object["endpoint"]?.objectValue?["url"]?.stringValue else {
            #expect(throws: EndpointError.self) { try EndpointAddress.parse(text) }
            return
        }
        let address = try EndpointAddress.parse(text)
        let authority = try #require(text.split(separator: "/").dropFirst().first)
        let scheme = address.isSecure ? "https" : "http"
        // What the table's rules make of the parts; the one port that it gives is the scheme's own in our description.
        let isIP =
            try S3Endpoint.resolve(
                bucket: "name",
                region: "us-east-1",
                options: EndpointOptions(override: address)
            ).isBucketInHost == false
        let made =
            if isIP {
                "\(scheme)://\(authority)\(address.path)/is-ip-addr"
            } else if address.path == "/port" {
                "\(scheme)://\(authority)/uri-with-port"
            } else if address.path.isEmpty {
                "https://\(scheme)-\(authority)-nopath.example.com"
            } else {
                "https://\(scheme)-\(authority).example.com/path-is\(address.path)"
            }
        #expect(made == expected)
    }

    @Test(.enabled(if: !hosts.isEmpty, "\(Suites.absent)"), arguments: hosts)
    func dropsThePortOfTheScheme(_ row: Row) throws {
        let url = try row.text("url")
        guard !url.contains("@") else {
            // botocore drops user and password; in an endpoint they can only be a mistake, and a leak.
            #expect(throws: EndpointError.self) { try EndpointAddress.parse(url) }
            return
        }
        let address = try EndpointAddress.parse(url)
        #expect(address.description.hasSuffix("://\(try row.text("host_header"))"))
    }
}
