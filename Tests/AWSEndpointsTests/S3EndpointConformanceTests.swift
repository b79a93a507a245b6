import AWSEndpoints
import AWSSigning
import RunnerCore
import RunnerTestSupport
import Testing

/// AWS's own cases for the endpoints of S3.
@Suite struct S3EndpointConformanceTests {
    static let rows = Suites.rows("testCases", of: "s3-endpoints/s3-endpoint-tests.json")

    @Test(
        .enabled(if: !rows.isEmpty, "\(Suites.absent)"),
        arguments: rows.filter { $0.notOffered == nil && !$0.isUnsupported }
    )
    func resolves(_ row: Row) throws {
        let expected = row.row("expect")
        guard expected.object["error"] == nil else {
            #expect(throws: EndpointError.self) { try row.resolve() }
            return
        }
        let expectedEndpoint = expected.row("endpoint")
        let endpoint = try row.resolve()
        #expect(try row.written(endpoint) == (try expectedEndpoint.text("url")))
        let scheme = try #require(
            expectedEndpoint.row("properties").object["authSchemes"]?.arrayValue?.first?.objectValue
        )
        #expect(endpoint.signingRegion == scheme["signingRegion"]?.stringValue)
        #expect(endpoint.signingService == scheme["signingName"]?.stringValue)
    }

    /// Outposts, S3 Express One Zone and multi-region access points are signed in other ways; sending what is signed
    /// for S3 there would fail with words that nobody understands.
    @Test(
        .enabled(if: !rows.isEmpty, "\(Suites.absent)"),
        arguments: rows.filter { $0.notOffered == nil && $0.isUnsupported }
    )
    func refuses(_ row: Row) throws {
        let error = try #require(throws: EndpointError.self) { try row.resolve() }
        guard row.row("expect").object["error"] == nil else { return }
        #expect(error.code == .unsupported)
        #expect(error.description.contains("braket-runner does not support"))
    }

    @Test(.enabled(if: !rows.isEmpty, "\(Suites.absent)"))
    func everyRowIsCounted() {
        let notOffered = Dictionary(grouping: Self.rows.compactMap(\.notOffered)) { $0 }.mapValues(\.count)
        let refused = Self.rows.count { $0.notOffered == nil && $0.isUnsupported }
        let resolved = Self.rows.count - refused - notOffered.values.reduce(0, +)
        #expect(resolved > 80)
        print("s3-endpoints: \(resolved) rows resolved, \(refused) refused, not offered: \(notOffered)")
    }
}

extension Row {
    private var parameters: JSONObject { object["params"]?.objectValue ?? JSONObject() }

    private func isSet(_ name: String) -> Bool { parameters[name]?.boolValue == true }

    /// The setting of the row that no option of ours makes, so that there is nothing to compare.
    fileprivate var notOffered: String? {
        let settings = [
            "Accelerate", "DisableAccessPoints", "DisableMultiRegionAccessPoints", "UseObjectLambdaEndpoint",
            "UseS3ExpressControlEndpoint",
        ]
        if let setting = settings.first(where: isSet) { return setting }
        return parameters["UseArnRegion"]?.boolValue == false && object["expect"]?.objectValue?["error"] != nil
            ? "UseArnRegion=false" : nil
    }

    /// Whether the row is about buckets of another kind.
    fileprivate var isUnsupported: Bool {
        let bucket = parameters["Bucket"]?.stringValue ?? ""
        return ["--x-s3", "--xa-s3", "--op-s3", ".mrap"].contains { bucket.hasSuffix($0) }
            || bucket.hasPrefix("arn:aws:s3-outposts:")
    }

    /// The bucket; a row without one asks for the address in front of a path-style bucket.
    private var bucket: (name: String, isGiven: Bool) {
        parameters["Bucket"]?.stringValue.map { ($0, true) } ?? ("bucket", false)
    }

    fileprivate func resolve() throws -> S3Endpoint {
        var region = try #require(parameters["Region"]?.stringValue)
        // The setting for us-east-1's old address is our region for it.
        if isSet("UseGlobalEndpoint"), region == "us-east-1" { region = Region.global }
        return try S3Endpoint.resolve(
            bucket: bucket.name,
            region: region,
            options: EndpointOptions(
                override: try parameters["Endpoint"]?.stringValue.map(EndpointAddress.parse),
                usesFIPS: isSet("UseFIPS"),
                usesDualStack: isSet("UseDualStack")
            ),
            forcesPathStyle: isSet("ForcePathStyle") || !bucket.isGiven
        )
    }

    fileprivate func written(_ endpoint: S3Endpoint) throws -> String {
        guard bucket.isGiven, !endpoint.isBucketInHost else { return endpoint.address.description }
        return "\(endpoint.address)/\(percentEncoded(bucket.name.utf8, keepingSlash: false))"
    }
}
