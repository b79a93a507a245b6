package import RunnerCore

/// Signs requests with AWS Signature Version 4, in AWS's own stages: canonical request, string to sign, signing key,
/// signature.
///
/// Nothing here reads a clock or sends anything; what is signed must be sent byte for byte.
package struct SigV4Signer: Sendable {
    /// How a service treats the path of a request before it signs it.
    package enum PathEncoding: Hashable, Sendable {
        /// S3: the path is signed as it is sent.
        case once
        /// Other services: the path is normalised and encoded again.
        case twice
    }

    private let credential: AWSCredential
    private let region: String
    private let service: String
    private let path: PathEncoding

    /// Makes a signer.
    ///
    /// - Parameters:
    ///   - credential: The keys.
    ///   - region: The region that the endpoint belongs to.
    ///   - service: The service's name for signing: `s3`, `sts`.
    ///   - path: How the service treats paths.
    package init(credential: AWSCredential, region: String, service: String, path: PathEncoding) {
        self.credential = credential
        self.region = region
        self.service = service
        self.path = path
    }

    /// Signs a request by headers.
    ///
    /// A header or parameter that only a signature sets is a mistake of the caller and ends the program: two of one
    /// name would be signed as one and read as another.
    ///
    /// - Parameters:
    ///   - method: The method in upper case.
    ///   - path: The path as it is sent.
    ///   - query: The query as it is sent, without `?`.
    ///   - headers: The headers as they are sent, among them `Host`, none of them this function's own.
    ///   - payloadHash: What `PayloadHash` says of the body.
    ///   - moment: The moment of signing, from which the service takes the request for some minutes.
    /// - Returns: The headers to add.
    package func sign(
        method: String,
        path: String,
        query: String,
        headers: [(name: String, value: String)],
        payloadHash: String,
        at moment: Timestamp
    ) -> [(name: String, value: String)] {
        Self.checkUnsigned(headers: headers, query: query)
        let date = AWSDate(moment)
        var added = [(name: "X-Amz-Date", value: date.time)]
        if self.path == .once { added.append((name: "X-Amz-Content-Sha256", value: payloadHash)) }
        if let token = credential.sessionToken { added.append((name: "X-Amz-Security-Token", value: token)) }
        let canonicalHeaders = CanonicalHeaders(headers + added)
        let request = Self.canonicalRequest(
            method: method,
            path: Self.canonicalPath(path, self.path),
            query: Self.canonicalQuery(query),
            headers: canonicalHeaders,
            payloadHash: payloadHash
        )
        let scope = CredentialScope(day: date.day, region: region, service: service)
        let authorization = """
            \(Self.algorithm) Credential=\(credential.accessKeyID)/\(scope), SignedHeaders=\(canonicalHeaders.names), \
            Signature=\(signature(of: request, date: date, scope: scope))
            """
        added.append((name: "Authorization", value: authorization))
        return added
    }

    /// Signs a request by its query, so that whoever has the address may send it.
    ///
    /// - Parameters:
    ///   - method: The method in upper case.
    ///   - path: The path as it is sent.
    ///   - query: The query as it would be sent without a signature, without `?`.
    ///   - headers: The headers that must be sent with it, among them `Host`.
    ///   - payloadHash: What `PayloadHash` says of the body; for S3 `PayloadHash.unsigned`.
    ///   - seconds: How long the address holds.
    ///   - moment: The moment of signing.
    /// - Returns: The query to send, which is a secret as long as it holds.
    package func presign(
        method: String,
        path: String,
        query: String,
        headers: [(name: String, value: String)],
        payloadHash: String,
        expiresIn seconds: Int,
        at moment: Timestamp
    ) -> String {
        Self.checkUnsigned(headers: headers, query: query)
        let date = AWSDate(moment)
        let scope = CredentialScope(day: date.day, region: region, service: service)
        let canonicalHeaders = CanonicalHeaders(headers)
        var added = [
            ("X-Amz-Algorithm", Self.algorithm), ("X-Amz-Credential", "\(credential.accessKeyID)/\(scope)"),
            ("X-Amz-Date", date.time), ("X-Amz-Expires", String(seconds)),
            ("X-Amz-SignedHeaders", canonicalHeaders.names),
        ]
        if let token = credential.sessionToken { added.append(("X-Amz-Security-Token", token)) }
        let parameters = added.map { "\($0)=\(percentEncoded($1.utf8, keepingSlash: false))" }
        let unsigned = ((query.isEmpty ? [] : [query]) + parameters).joined(separator: "&")
        let request = Self.canonicalRequest(
            method: method,
            path: Self.canonicalPath(path, self.path),
            query: Self.canonicalQuery(unsigned),
            headers: canonicalHeaders,
            payloadHash: payloadHash
        )
        return "\(unsigned)&X-Amz-Signature=\(signature(of: request, date: date, scope: scope))"
    }

    private func signature(of canonicalRequest: [UInt8], date: AWSDate, scope: CredentialScope) -> String {
        SigningKeyCache.shared.key(for: credential.secretAccessKey, scope: scope)
            .signature(of: Self.stringToSign(canonicalRequest, time: date.time, scope: scope))
    }

    private static func checkUnsigned(headers: [(name: String, value: String)], query: String) {
        for (name, _) in headers {
            precondition(!isOwnHeader(name.lowercased()), "the signer itself sets the header \(name)")
        }
        let parameters = query.utf8.split(separator: UInt8(ascii: "&"))
        precondition(
            !parameters.contains { $0.starts(with: "X-Amz-".utf8) },
            "the signer itself sets the parameters X-Amz-*"
        )
    }

    private static func isOwnHeader(_ name: String) -> Bool {
        switch name {
        case "authorization", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token": true
        default: false
        }
    }
}
