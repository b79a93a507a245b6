extension SigV4Signer {
    /// The path of the canonical request.
    ///
    /// - Parameters:
    ///   - path: The path as it is sent: percent-encoded, beginning with `/`.
    ///   - encoding: Whether the service is S3, which signs the path that it sees, or another.
    /// - Returns: For S3 the path itself, in which `//` and `..` are parts of a key; else the path without empty and
    ///   dot segments, percent-encoded once more.
    package static func canonicalPath(_ path: String, _ encoding: PathEncoding) -> String {
        switch encoding {
        case .once: path
        case .twice: percentEncoded(normalised(path).utf8, keepingSlash: true)
        }
    }

    /// The path without empty and dot segments, as AWS removes them: a slash at the end stays, `..` at the root goes.
    private static func normalised(_ path: String) -> String {
        var segments: [Substring.UTF8View] = []
        for segment in path.utf8.split(separator: UInt8(ascii: "/")) {
            if segment.elementsEqual("..".utf8) {
                _ = segments.popLast()
            } else if !segment.elementsEqual(".".utf8) {
                segments.append(segment)
            }
        }
        guard !segments.isEmpty else { return "/" }
        let endsWithSlash = path.utf8.last == UInt8(ascii: "/")
        return segments.map { "/" + Substring($0) }.joined() + (endsWithSlash ? "/" : "")
    }
}
