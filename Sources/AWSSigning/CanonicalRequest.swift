extension SigV4Signer {
    /// The first stage: the request in the one form in which the service sees it, too.
    ///
    /// - Parameters:
    ///   - method: The method in upper case.
    ///   - path: As `canonicalPath` makes it.
    ///   - query: As `canonicalQuery` makes it.
    ///   - headers: The headers to sign.
    ///   - payloadHash: What `PayloadHash` says of the body.
    /// - Returns: The canonical request.
    package static func canonicalRequest(
        method: String,
        path: String,
        query: String,
        headers: CanonicalHeaders,
        payloadHash: String
    ) -> [UInt8] {
        var request: [UInt8] = []
        request.reserveCapacity(
            method.utf8.count + path.utf8.count + query.utf8.count + headers.lines.count + headers.names.utf8.count
                + payloadHash.utf8.count + 5
        )
        for line in [method, path, query] {
            request += line.utf8
            request.append(UInt8(ascii: "\n"))
        }
        request += headers.lines
        request.append(UInt8(ascii: "\n"))
        request += headers.names.utf8
        request.append(UInt8(ascii: "\n"))
        request += payloadHash.utf8
        return request
    }
}
