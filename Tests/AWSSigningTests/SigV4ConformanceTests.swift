import AWSSigning
import RunnerCore
import RunnerTestSupport
import Testing

/// The cases of aws-c-auth: 19 requests, each signed by headers and by query.
@Suite struct AWSCAuthConformanceTests {
    static let folders = Suites.folders(in: "sigv4-aws-c-auth")

    @Test(.enabled(if: !folders.isEmpty, "\(Suites.absent)"), arguments: folders)
    func signsByHeaders(folder: String) throws {
        let (request, normalises) = try read(folder)
        // Cases that are not normalised follow S3's rule for paths, but without S3's header for the payload.
        var signed = normalises ? request.withOwnHeaders() : request
        if !normalises { signed.headers.append(("X-Amz-Date", AWSDate(request.moment).time)) }
        let stages = signed.stages()
        #expect(stages.canonicalRequest == (try Suites.text("\(folder)/header-canonical-request.txt")))
        #expect(stages.stringToSign == (try Suites.text("\(folder)/header-string-to-sign.txt")))
        #expect(stages.signature == (try Suites.text("\(folder)/header-signature.txt")))
        guard normalises else { return }
        let expected = try Suites.text("\(folder)/header-signed-request.txt")
        #expect(expected.contains("\nAuthorization:\(try #require(request.authorization()))\n"))
    }

    @Test(.enabled(if: !folders.isEmpty, "\(Suites.absent)"), arguments: folders)
    func signsByQuery(folder: String) throws {
        let request = try read(folder).request
        let query = request.presigned(seconds: 3600)
        let parameters = query.split(separator: "&")
        let signature = try #require(parameters.last)
        #expect(signature == "X-Amz-Signature=\(try Suites.text("\(folder)/query-signature.txt"))")
        let stages = request.stages(query: parameters.dropLast().joined(separator: "&"))
        #expect(stages.canonicalRequest == (try Suites.text("\(folder)/query-canonical-request.txt")))
        #expect(stages.stringToSign == (try Suites.text("\(folder)/query-string-to-sign.txt")))
        // The suite sends the parameters in another order, which is free.
        let line = try #require(try Suites.text("\(folder)/query-signed-request.txt").split(separator: "\n").first)
        let sent = try #require(line.replacing(" HTTP/1.1", with: "").split(separator: "?").last)
        #expect(parameters.sorted() == sent.split(separator: "&").sorted())
    }

    private func read(_ folder: String) throws -> (request: SigningCase, normalises: Bool) {
        let context = Row(object: Suites.object("\(folder)/context.json"))
        let signsBody = try #require(context.object["sign_body"]?.boolValue as Bool?)
        let normalises = try #require(context.object["normalize"]?.boolValue as Bool?)
        #expect(context.object["omit_session_token"]?.boolValue != true, "no caller leaves the token unsigned")
        var request = try SigningCase(request: try Suites.text("\(folder)/request.txt"), signsBody: signsBody)
        request.credential = try context.credential()
        request.region = try context.text("region")
        request.service = try context.text("service")
        request.moment = try context.moment()
        // A signed body comes with S3's header for it, and path `/`, which no rule changes.
        if signsBody || !normalises { request.encoding = .once }
        if !normalises { request.path = percentEncoded(request.path.utf8, keepingSlash: true) }
        return (request, normalises)
    }
}

/// The older cases of botocore, and one of smithy-rs for paths that are encoded twice.
@Suite struct SigV4RequestFileConformanceTests {
    static let botocore = Suites.folders(in: "sigv4-botocore-legacy")
    static let smithy = Suites.folders(in: "sigv4-smithy-double-encode")

    @Test(.enabled(if: !botocore.isEmpty, "\(Suites.absent)"), arguments: botocore)
    func signsAsBotocore(folder: String) throws {
        let name = try #require(folder.split(separator: "/").last)
        let canonical = try Suites.text("\(folder)/\(name).creq")
        var request = try SigningCase(request: try Suites.text("\(folder)/\(name).req"))
        request.moment = try #require(Timestamp(iso8601: "2015-08-30T12:36:00Z"))
        request.dropHeaders("x-amz-date", "x-amz-security-token")
        // The token is not among the files, but it is signed.
        if let line = canonical.split(separator: "\n").first(where: { $0.hasPrefix("x-amz-security-token:") }) {
            request.credential = AWSCredential(
                accessKeyID: request.credential.accessKeyID,
                secretAccessKey: request.credential.secretAccessKey,
                sessionToken: String(line.dropFirst("x-amz-security-token:".count))
            )
        }
        let stages = request.withOwnHeaders().stages()
        #expect(stages.canonicalRequest == canonical)
        #expect(stages.stringToSign == (try Suites.text("\(folder)/\(name).sts")))
        #expect(request.authorization() == (try Suites.text("\(folder)/\(name).authz")))
    }

    @Test(.enabled(if: !smithy.isEmpty, "\(Suites.absent)"), arguments: smithy)
    func encodesPathTwice(folder: String) throws {
        var request = try SigningCase(request: try Suites.text("\(folder)/request.txt"))
        request.dropHeaders("x-amz-date")
        request.moment = try #require(Timestamp(iso8601: "2021-05-11T15:40:45Z"))
        (request.region, request.service) = ("us-east-2", "lambda")
        let stages = request.withOwnHeaders().stages()
        #expect(stages.canonicalRequest == (try Suites.text("\(folder)/header-canonical-request.txt")).trimmed())
        #expect(stages.stringToSign == (try Suites.text("\(folder)/header-string-to-sign.txt")).trimmed())
        let expected = try Suites.text("\(folder)/header-signed-request.txt")
        #expect(expected.contains("\nAuthorization: \(try #require(request.authorization()))\n"))
    }
}
