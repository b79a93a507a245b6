import AWSEndpoints
import Testing

@Suite struct S3EndpointTests {
    @Test(arguments: [
        ("data", "http://127.0.0.1:8333", "http://127.0.0.1:8333", false),
        ("data", "http://[::1]:8333", "http://[::1]:8333", false),
        ("data", "http://localhost:9000", "http://localhost:9000", false),
        ("data", "http://minio:9000/s3", "http://minio:9000/s3", false),
        ("data", "https://store.example.com/s3/", "https://data.store.example.com/s3", true),
        ("my.data", "https://store.example.com", "https://store.example.com", false),
        ("my.data", "http://store.example.com", "http://my.data.store.example.com", true),
        ("My_Data", "http://store.example.com", "http://store.example.com", false),
    ])
    func placesBucketAtOtherStores(bucket: String, override: String, address: String, isInHost: Bool) throws {
        let options = EndpointOptions(override: try EndpointAddress.parse(override))
        let endpoint = try S3Endpoint.resolve(bucket: bucket, region: "eu-west-1", options: options)
        #expect(endpoint.address.description == address)
        #expect(endpoint.isBucketInHost == isInHost)
        #expect(endpoint.signingRegion == "eu-west-1")
        #expect(endpoint.signingService == "s3")
    }

    @Test(arguments: [
        ("eu-west-1", "https://data.s3.eu-west-1.amazonaws.com", "eu-west-1"),
        ("cn-north-1", "https://data.s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("us-gov-west-1", "https://data.s3.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("eusc-de-east-1", "https://data.s3.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        ("us-isob-east-1", "https://data.s3.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"),
        ("aws-global", "https://data.s3.amazonaws.com", "us-east-1"),
        ("xx-new-9", "https://data.s3.xx-new-9.amazonaws.com", "xx-new-9"),
    ])
    func resolvesRegions(region: String, address: String, signingRegion: String) throws {
        let endpoint = try S3Endpoint.resolve(bucket: "data", region: region)
        #expect(endpoint.address.description == address)
        #expect(endpoint.signingRegion == signingRegion)
    }

    @Test func forcesPathStyle() throws {
        let endpoint = try S3Endpoint.resolve(bucket: "data", region: "us-west-2", forcesPathStyle: true)
        #expect(endpoint.address == EndpointAddress(host: "s3.us-west-2.amazonaws.com"))
        #expect(!endpoint.isBucketInHost)
    }

    @Test(arguments: [
        ("", EndpointError.Code.invalid, "no bucket is named"),
        ("data--use1-az4--x-s3", .unsupported, "is a directory bucket"),
        ("point--use1-az4--xa-s3", .unsupported, "access point of a directory bucket"),
        ("alias-o0123--op-s3", .unsupported, "a bucket on an Outpost"),
        ("arn:aws:s3:::data", .invalid, "a bucket is given by its name alone"),
        ("arn:aws:s3-outposts:us-west-2:1:outpost/op-1/accesspoint/a", .unsupported, "lies on an Outpost"),
        ("arn:aws:s3::1:accesspoint:alias.mrap", .unsupported, "multi-region"),
        ("arn:aws:sqs:us-west-2:1:accesspoint/a", .invalid, "not that of an S3 access point"),
        ("arn:aws:s3:us-west-2:1:accesspoint/evil.example.com#", .invalid, "must end in"),
        ("arn:aws:s3:us-west-2:1:accesspoint/", .invalid, "must end in"),
        ("arn:aws:s3:us-west-2", .invalid, "is not complete"),
        ("arn:aws-cn:s3:cn-north-1:1:accesspoint/a", .invalid, "partition aws-cn"),
    ])
    func refusesBuckets(bucket: String, code: EndpointError.Code, words: String) throws {
        let error = try #require(throws: EndpointError.self) {
            try S3Endpoint.resolve(bucket: bucket, region: "us-west-2")
        }
        #expect(error.code == code)
        #expect(error.description.contains(words), "\(error)")
    }

    @Test(arguments: ["", "a b", "us-west-2.evil.example/", "-us", "eu-west-1\n", String(repeating: "a", count: 64)])
    func refusesRegions(region: String) {
        #expect(throws: EndpointError.self) { try S3Endpoint.resolve(bucket: "data", region: region) }
        #expect(throws: EndpointError.self) { try ServiceEndpoint.resolve(.sts, region: region) }
    }

    @Test(arguments: [
        ("bucket.s3.eu-west-1.amazonaws.com", "eu-west-1"), ("s3.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("bucket.s3-us-west-2.amazonaws.com", "us-west-2"), ("s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("bucket.s3.dualstack.eu-west-3.amazonaws.com", "eu-west-3"),
        ("S3-FIPS.US-EAST-2.amazonaws.com", "us-east-2"), ("a-1.s3-accesspoint.sa-east-1.amazonaws.com", "sa-east-1"),
        ("bucket.vpce-1a2b-3c.s3.us-west-2.vpce.amazonaws.com", "us-west-2"), ("bucket.s3.amazonaws.com", nil),
        ("s3-external-1.amazonaws.com", nil), ("bucket.s3-accelerate.amazonaws.com", nil), ("amazonaws.com", nil),
        ("s3.eu-west-1.example.com", nil), ("s3.eu-west-1.evilamazonaws.com", nil),
        ("sts.eu-west-1.amazonaws.com", nil),
        ("", nil),
    ])
    func findsRegionInHost(host: String, region: String?) {
        #expect(Region.inHost(host) == region)
    }
}
