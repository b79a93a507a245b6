import AWSSigning
import RunnerCore
import RunnerTestSupport
import Testing

/// Examples of the S3 manual, of soto and botocore, and what botocore signs for awkward keys.
@Suite struct S3SigningConformanceTests {
    static let vectors = Suites.rows("vectors", of: "sigv4-s3/vectors.json")
    static let chunked = Suites.rows("vectors", of: "sigv4-s3/chunked.json")
    static let oracle = Suites.rows("vectors", of: "sigv4-s3-oracle/vectors.json")

    @Test(.enabled(if: !vectors.isEmpty, "\(Suites.absent)"), arguments: vectors)
    func vector(_ row: Row) throws {
        let request = try readVector(row)
        let expected = row.row("expect")
        if try row.text("where") == "header" {
            let stages = request.withOwnHeaders().stages()
            #expect(stages.canonicalRequest == (try expected.text("canonical_request")))
            #expect(stages.stringToSign == (try expected.text("string_to_sign")))
            let end = """
                SignedHeaders=\(try expected.text("signed_headers")), Signature=\(try expected.text("signature"))
                """
            #expect(try #require(request.authorization()).hasSuffix(end))
        } else {
            let query = request.presigned(seconds: try #require(expected.object["expires"]?.intValue))
            let signature = "&X-Amz-Signature=\(try expected.text("signature"))"
            #expect(query.hasSuffix(signature))
            let stages = request.stages(query: String(query.dropLast(signature.count)))
            #expect(stages.canonicalRequest == (try expected.text("canonical_request")))
            #expect(stages.stringToSign == (try expected.text("string_to_sign")))
            if let url = expected.object["url"]?.stringValue { #expect(url.hasSuffix("\(request.path)?\(query)")) }
        }
    }

    /// No part of the program sends aws-chunked bodies; their chain of signatures is made of the same stages.
    @Test(.enabled(if: !chunked.isEmpty, "\(Suites.absent)"), arguments: chunked)
    func chunkSignatures(_ row: Row) throws {
        let request = try readVector(row)
        let expected = row.row("expect")
        #expect(row.object["trailers"]?.isNull == true)
        let seed = request.withOwnHeaders().stages()
        #expect(seed.canonicalRequest == (try expected.text("seed_canonical_request")))
        #expect(seed.stringToSign == (try expected.text("seed_string_to_sign")))
        #expect(seed.signature == (try expected.text("seed_signature")))
        let key = SigningKey(secretAccessKey: request.credential.secretAccessKey, scope: request.scope)
        let letter = try #require(try row.row("request").row("body_repeat").text("byte").utf8.first)
        var previous = seed.signature
        var body: [UInt8] = []
        for chunk in try #require(expected.object["chunks"]?.arrayValue).compactMap(\.objectValue).map(Row.init) {
            let length = try #require(chunk.object["length"]?.intValue)
            let bytes = [UInt8](repeating: letter, count: length)
            let text = """
                AWS4-HMAC-SHA256-PAYLOAD
                \(AWSDate(request.moment).time)
                \(request.scope)
                \(previous)
                \(PayloadHash.empty)
                \(PayloadHash.of(bytes))
                """
            #expect(text == (try chunk.text("string_to_sign")))
            previous = key.signature(of: text)
            #expect(previous == (try chunk.text("signature")))
            body += Array("\(String(length, radix: 16));chunk-signature=\(previous)\r\n".utf8) + bytes
            body += Array("\r\n".utf8)
        }
        #expect(body.count == expected.object["encoded_body_length"]?.intValue)
        #expect(PayloadHash.of(body) == (try expected.text("encoded_body_sha256")))
    }

    @Test(.enabled(if: !oracle.isEmpty, "\(Suites.absent)"), arguments: oracle)
    func awkwardKey(_ row: Row) throws {
        let expected = row.row("expect")
        let bucket = try row.text("addressing") == "path" ? "/\(try row.text("bucket"))" : ""
        var request = try readCommon(row)
        request.method = try row.text("method")
        request.path = "\(bucket)/\(percentEncoded(try row.text("key").utf8, keepingSlash: true))"
        request.query = try row.text("query")
        request.headers = [("Host", try expected.text("host"))]
        let presigned = request
        request.headers += try row.row("extra_headers").object.members.map {
            ($0.name, try #require($0.value.stringValue))
        }
        let isSigned = try expected.text("x_amz_content_sha256") != PayloadHash.unsigned
        request.payloadHash = isSigned ? PayloadHash.of(Array(try row.text("body_utf8").utf8)) : PayloadHash.unsigned
        #expect(request.path == (try expected.text("raw_path")))
        let stages = request.withOwnHeaders().stages()
        #expect(stages.canonicalRequest == (try expected.text("canonical_request")))
        #expect(stages.stringToSign == (try expected.text("string_to_sign")))
        #expect(request.authorization() == (try expected.text("authorization")))
        var open = presigned
        open.payloadHash = PayloadHash.unsigned
        let url = "https://\(try expected.text("host"))\(open.path)?\(open.presigned(seconds: 900))"
        #expect(url == (try expected.text("presigned_url_900s")))
    }

    private func readVector(_ row: Row) throws -> SigningCase {
        var result = try readCommon(row)
        let request = row.row("request")
        let isTwice = row.row("options").object["double_uri_encode"] == true
        result.encoding = isTwice ? .twice : .once
        result.method = try request.text("method")
        result.path = percentEncoded(try request.text("path").utf8, keepingSlash: true)
        let pairs = try request.pairs("query").map { name, value in
            let encoded = [name, value].map { percentEncoded($0.utf8, keepingSlash: false) }
            return value.isEmpty ? encoded[0] : encoded.joined(separator: "=")
        }
        result.query = pairs.joined(separator: "&")
        result.headers = try request.pairs("headers")
        if let host = request.object["host"]?.stringValue { result.headers.append(("Host", host)) }
        let expected = row.row("expect").object["payload_hash"]?.stringValue
        let sent = result.headers.first { $0.name == "x-amz-content-sha256" }?.value
        result.payloadHash = try #require(expected ?? sent)
        if let body = request.object["body_utf8"]?.stringValue, result.payloadHash != PayloadHash.unsigned {
            #expect(result.payloadHash == PayloadHash.of(Array(body.utf8)))
        }
        result.dropHeaders("x-amz-date", "x-amz-content-sha256")
        return result
    }

    private func readCommon(_ row: Row) throws -> SigningCase {
        var result = SigningCase()
        result.credential = try row.credential()
        result.region = try row.text("region")
        result.service = try row.text("service")
        result.moment = try row.moment()
        result.encoding = .once
        return result
    }
}

extension Row {
    /// A list of pairs of texts; empty when the row has none.
    fileprivate func pairs(_ name: String) throws -> [(name: String, value: String)] {
        try (object[name]?.arrayValue ?? []).map { pair in
            let texts = try #require(pair.arrayValue).compactMap(\.stringValue)
            try #require(texts.count == 2)
            return (texts[0], texts[1])
        }
    }
}
