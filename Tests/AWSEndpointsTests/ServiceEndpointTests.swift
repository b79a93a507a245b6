import AWSEndpoints
import Testing

@Suite struct ServiceEndpointTests {
    @Test(arguments: [
        (AWSService.ssoPortal, "eu-west-1", EndpointOptions(), "https://portal.sso.eu-west-1.amazonaws.com"),
        (.ssoOIDC, "eu-west-1", EndpointOptions(), "https://oidc.eu-west-1.amazonaws.com"),
        (.ssoPortal, "us-east-1", EndpointOptions(usesFIPS: true), "https://portal.sso-fips.us-east-1.amazonaws.com"),
        (.ssoOIDC, "us-east-1", EndpointOptions(usesDualStack: true), "https://oidc.us-east-1.api.aws"),
        (.sts, "us-gov-west-1", EndpointOptions(usesFIPS: true), "https://sts.us-gov-west-1.amazonaws.com"),
        (.sts, "aws-global", EndpointOptions(), "https://sts.amazonaws.com"),
        (.sts, "us-west-2", EndpointOptions(), "https://sts.us-west-2.amazonaws.com"),
        (.globalSTS, "us-west-2", EndpointOptions(), "https://sts.amazonaws.com"),
        (.globalSTS, "us-west-2", EndpointOptions(usesFIPS: true), "https://sts-fips.us-west-2.amazonaws.com"),
        (.globalSTS, "ap-east-1", EndpointOptions(), "https://sts.ap-east-1.amazonaws.com"),
        (
            .sts, "us-west-2", EndpointOptions(override: EndpointAddress(isSecure: false, host: "::1", port: 4566)),
            "http://[::1]:4566"
        ),
    ])
    func resolves(service: AWSService, region: String, options: EndpointOptions, address: String) throws {
        #expect(try ServiceEndpoint.resolve(service, region: region, options: options).address.description == address)
    }

    @Test func signsGlobalSTSInTheRegionOfItsEndpoint() throws {
        let endpoint = try ServiceEndpoint.resolve(.globalSTS, region: "eu-west-1")
        #expect(endpoint.signingRegion == "us-east-1")
        #expect(endpoint.signingService == "sts")
    }

    @Test(arguments: [EndpointOptions(usesFIPS: true), EndpointOptions(usesDualStack: true)])
    func refusesAWSVariantsOfAnotherAddress(options: EndpointOptions) throws {
        var options = options
        options.override = EndpointAddress(host: "store.example.com")
        let error = try #require(throws: EndpointError.self) {
            try ServiceEndpoint.resolve(.logs, region: "us-west-2", options: options)
        }
        #expect(error.description.contains("https://store.example.com"))
    }
}
