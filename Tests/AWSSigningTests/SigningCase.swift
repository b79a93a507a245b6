import AWSSigning
import RunnerCore
import RunnerTestSupport
import Testing

/// A request to sign, with everything that the signature depends on.
struct SigningCase: Sendable {
    var method = "GET"
    /// The path as it is sent.
    var path = "/"
    /// The query as it is sent.
    var query = ""
    var headers: [(name: String, value: String)] = []
    var payloadHash = PayloadHash.empty
    var credential = AWSCredential(
        accessKeyID: "AKIDEXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    )
    var region = "us-east-1"
    var service = "service"
    var encoding = SigV4Signer.PathEncoding.twice
    var moment = Timestamp(milliseconds: 0)

    /// The headers that the signer adds.
    func signed() -> [(name: String, value: String)] {
        SigV4Signer(credential: credential, region: region, service: service, path: encoding)
            .sign(method: method, path: path, query: query, headers: headers, payloadHash: payloadHash, at: moment)
    }

    /// The value of the header `Authorization`.
    func authorization() -> String? {
        signed().first { $0.name == "Authorization" }?.value
    }

    /// The query with a signature in it.
    func presigned(seconds: Int) -> String {
        SigV4Signer(credential: credential, region: region, service: service, path: encoding).presign(
            method: method,
            path: path,
            query: query,
            headers: headers,
            payloadHash: payloadHash,
            expiresIn: seconds,
            at: moment
        )
    }

    /// The first two stages and the signature, from the headers of this case and no others.
    func stages(query: String? = nil) -> (canonicalRequest: String, stringToSign: String, signature: String) {
        let request = SigV4Signer.canonicalRequest(
            method: method,
            path: SigV4Signer.canonicalPath(path, encoding),
            query: SigV4Signer.canonicalQuery(query ?? self.query),
            headers: CanonicalHeaders(headers),
            payloadHash: payloadHash
        )
        let text = SigV4Signer.stringToSign(request, time: AWSDate(moment).time, scope: scope)
        let signature = SigningKey(secretAccessKey: credential.secretAccessKey, scope: scope).signature(of: text)
        return (String(decoding: request, as: UTF8.self), text, signature)
    }

    /// The same request with the headers that signing adds, but for `Authorization`.
    func withOwnHeaders() -> SigningCase {
        var copy = self
        copy.headers += signed().filter { $0.name != "Authorization" }
        return copy
    }

    /// Where and on which day the signature holds.
    var scope: CredentialScope { CredentialScope(day: AWSDate(moment).day, region: region, service: service) }
}

extension SigningCase {
    /// Makes a case from a request in a text file; blanks in its path are left as they are.
    ///
    /// - Parameters:
    ///   - text: Request line, headers as `Name:value`, an empty line, the body.
    ///   - signsBody: Whether the hash of the body is signed, else that of none.
    /// - Throws: An issue of the test when the text is no request.
    init(request text: String, signsBody: Bool = true) throws {
        let parts = text.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
        let lines = try #require(parts.first).split(separator: "\n")
        let first = try #require(lines.first)
        let target = try #require(first.split(separator: " ", maxSplits: 1).last)
            .replacing(" HTTP/1.1", with: "").split(separator: "?", maxSplits: 1)
        method = String(try #require(first.split(separator: " ").first))
        path = String(try #require(target.first))
        query = target.count > 1 ? String(target[1]) : ""
        for line in lines.dropFirst() {
            let colon = try #require(line.firstIndex(of: ":"))
            headers.append((String(line[..<colon]), String(line[line.index(after: colon)...])))
        }
        if parts.count > 1, signsBody { payloadHash = PayloadHash.of(Array(parts[1].utf8)) }
    }

    /// Drops headers that the signer adds itself.
    mutating func dropHeaders(_ names: String...) {
        headers.removeAll { names.contains($0.name.lowercased()) }
    }
}

extension Row {
    /// The keys in the row's `credentials`.
    func credential() throws -> AWSCredential {
        let keys = row("credentials")
        return AWSCredential(
            accessKeyID: try keys.text("access_key_id"),
            secretAccessKey: try keys.text("secret_access_key"),
            sessionToken: keys.object["token"]?.stringValue ?? keys.object["session_token"]?.stringValue
        )
    }

    /// The moment in the row's `timestamp`.
    func moment() throws -> Timestamp {
        try #require(Timestamp(iso8601: try text("timestamp")))
    }
}
