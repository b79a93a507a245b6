import AWSEndpoints
import RunnerCore
import RunnerTestSupport
import Testing

/// AWS's own cases for the endpoints of STS, Braket and CloudWatch Logs.
@Suite struct ServiceEndpointConformanceTests {
    static let sts = Suites.rows("testCases", of: "s3-endpoints/sts-endpoint-tests.json")
    static let braket = Suites.rows("testCases", of: "s3-endpoints/braket-endpoint-tests.json")
    static let logs = Suites.rows("testCases", of: "s3-endpoints/logs-endpoint-tests.json")

    @Test(.enabled(if: !sts.isEmpty, "\(Suites.absent)"), arguments: sts)
    func resolvesSTS(_ row: Row) throws {
        let isGlobal = row.object["params"]?.objectValue?["UseGlobalEndpoint"]?.boolValue == true
        try check(row, isGlobal ? .globalSTS : .sts)
    }

    @Test(.enabled(if: !braket.isEmpty, "\(Suites.absent)"), arguments: braket)
    func resolvesBraket(_ row: Row) throws {
        try check(row, .braket)
    }

    @Test(.enabled(if: !logs.isEmpty, "\(Suites.absent)"), arguments: logs)
    func resolvesLogs(_ row: Row) throws {
        try check(row, .logs)
    }

    private func check(_ row: Row, _ service: AWSService) throws {
        let parameters = row.object["params"]?.objectValue ?? JSONObject()
        let override = try parameters["Endpoint"]?.stringValue.map(EndpointAddress.parse)
        let options = EndpointOptions(
            override: override,
            usesFIPS: parameters["UseFIPS"]?.boolValue == true,
            usesDualStack: parameters["UseDualStack"]?.boolValue == true
        )
        // With an endpoint of its own a row may have no region; ours always have one, for the signature.
        let region = parameters["Region"]?.stringValue ?? (override == nil ? "" : "us-east-1")
        let expected = row.row("expect")
        guard expected.object["error"] == nil else {
            let error = try #require(throws: EndpointError.self) {
                try ServiceEndpoint.resolve(service, region: region, options: options)
            }
            #expect(error.code == .invalid)
            return
        }
        let endpoint = try ServiceEndpoint.resolve(service, region: region, options: options)
        let expectedEndpoint = expected.row("endpoint")
        #expect(endpoint.address.description == (try expectedEndpoint.text("url")))
        let schemes = expectedEndpoint.object["properties"]?.objectValue?["authSchemes"]?.arrayValue
        let signingRegion = schemes?.first?.objectValue?["signingRegion"]?.stringValue ?? region
        #expect(endpoint.signingRegion == signingRegion)
    }
}
