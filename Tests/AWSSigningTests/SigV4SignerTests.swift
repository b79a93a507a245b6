import AWSSigning
import RunnerCore
import Testing

@Suite struct SigV4SignerTests {
    /// The GET of the S3 manual, "Signature calculations: transferring payload in a single chunk".
    private var exampleOfTheManual: SigningCase {
        var request = SigningCase()
        request.path = "/test.txt"
        request.headers = [("Host", "examplebucket.s3.amazonaws.com"), ("Range", "bytes=0-9")]
        request.credential = AWSCredential(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        )
        request.service = "s3"
        request.encoding = .once
        request.moment = Timestamp(milliseconds: 1_369_353_600_000)
        return request
    }

    @Test func signsTheExampleOfTheManual() {
        let added = exampleOfTheManual.signed()
        #expect(added.map(\.name) == ["X-Amz-Date", "X-Amz-Content-Sha256", "Authorization"])
        #expect(added.map(\.value).prefix(2) == ["20130524T000000Z", PayloadHash.empty])
        #expect(
            added.last?.value == """
                AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
                SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, \
                Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41
                """
        )
    }

    @Test func sendsAndSignsTheToken() throws {
        var request = exampleOfTheManual
        request.credential = AWSCredential(accessKeyID: "a", secretAccessKey: "b", sessionToken: "c d")
        let added = request.signed()
        #expect(added.map(\.name) == ["X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token", "Authorization"])
        #expect(added[2].value == "c d")
        #expect(try #require(added.last).value.contains("x-amz-date;x-amz-security-token, "))
        #expect(request.presigned(seconds: 1).contains("&X-Amz-Security-Token=c%20d&"))
    }

    @Test func tellsThePayloadHashOnlyToS3() {
        var request = exampleOfTheManual
        request.encoding = .twice
        #expect(request.signed().map(\.name) == ["X-Amz-Date", "Authorization"])
    }

    @Test(arguments: ["Authorization", "x-amz-date", "X-AMZ-Content-SHA256", "X-Amz-Security-Token"])
    func refusesHeadersOfItsOwn(name: String) async {
        await #expect(processExitsWith: .failure) { [name] in
            var request = SigningCase()
            request.headers = [(name, "given")]
            _ = request.signed()
        }
    }

    /// More scopes and secrets than are kept, several times in turn, so that keys are found, dropped and made again.
    @Test func keepsTheKeysOfManyScopesApart() {
        for round in 0..<3 {
            for number in 0..<12 {
                var request = exampleOfTheManual
                request.credential = AWSCredential(accessKeyID: "same", secretAccessKey: "secret \(number % 4)")
                request.region = "region-\(number % 3)"
                request.moment = Timestamp(milliseconds: Int64(number % 2) * 86_400_000)
                let signature = request.withOwnHeaders().stages().signature
                #expect(request.authorization()?.hasSuffix("Signature=\(signature)") == true, "\(round), \(number)")
            }
        }
    }

    @Test func hashesPayloads() {
        #expect(PayloadHash.of([]) == PayloadHash.empty)
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(PayloadHash.of(Array("abc".utf8)) == abc)
    }
}
