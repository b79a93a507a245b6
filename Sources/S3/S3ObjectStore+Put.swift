import AWSRequests
import AWSSigning
import Checksums
import ObjectStorage
import RunnerCore
import RunnerHTTP

extension S3ObjectStore {
    /// Stores a body as an object, in one request.
    ///
    /// - Parameters:
    ///   - body: The bytes.
    ///   - key: Where.
    ///   - options: How.
    /// - Throws: As `sendChecked`.
    func put(_ body: PartBuffer, to key: ObjectKey, options: WriteOptions) async throws {
        _ = try await sendChecked(body, by: S3Call(.put, key).storing(options))
    }

    /// Sends a body in such a way that the store checks it, and makes sure that it did where the answer can tell.
    ///
    /// A store that refuses our checksum, or answers with an MD5 in its place, is remembered and gets `Content-MD5`.
    ///
    /// - Parameters:
    ///   - body: The bytes.
    ///   - call: The operation, without its body.
    /// - Returns: The answer, and the checksum that was sent.
    /// - Throws: `TransferFault.damaged`; as `S3Client.send`.
    func sendChecked(_ body: PartBuffer, by call: S3Call) async throws -> (HTTPResponse, ChecksumValue) {
        let signsPayload = client.signsPayload(bucket: bucket)
        var other: UploadCheck?
        while true {
            let check = other ?? client.uploadCheck(bucket: bucket)
            let checksum = try await body.hash(check.algorithm, signsPayload: signsPayload)
            var checked = call.header(check.algorithm.headerName, checksum.base64)
            checked.body = body.body
            checked.payloadHash = body.payloadHash
            if check == .checksum { checked.headers.add("x-amz-sdk-checksum-algorithm", checksum.algorithm.name) }
            do {
                let answer = try await client.send(checked, bucket: bucket)
                // Only now: the refusal may have been of something else, a key of KMS for instance.
                if other != nil { client.fallBackToMD5(bucket: bucket) }
                try await confirm(answer.head, body, checksum)
                return (answer, checksum)
            } catch let error as ServiceError where check == .checksum && error.refusesChecksum {
                other = .md5
            }
        }
    }

    /// Compares what the answer tells of the stored bytes with what was sent.
    ///
    /// A store that tells neither has taken the header and the signature, or TLS, over it: there is no more to compare.
    private func confirm(_ head: HTTPResponseHead, _ body: PartBuffer, _ sent: ChecksumValue) async throws {
        guard let stored = ObjectChecksum(head.headers), stored.partCount == nil else { return }
        var expected = sent
        if stored.value.algorithm == .md5, sent.algorithm != .md5 {
            client.fallBackToMD5(bucket: bucket)
            expected = try await body.hash(.md5, signsPayload: false)
        }
        guard stored.value.algorithm == expected.algorithm, stored.value != expected else { return }
        throw TransferFault.damaged("the store's \(expected.algorithm.name) differs from that of what was sent")
    }
}

extension S3Call {
    /// Adds what a new object is to have: encryption, storage class and tags.
    ///
    /// - Parameter options: How it is to be stored.
    /// - Returns: The call with the headers.
    func storing(_ options: WriteOptions) -> S3Call {
        let tags = options.tags.map { tag in
            "\(percentEncoded(tag.key.utf8, keepingSlash: false))=\(percentEncoded(tag.value.utf8, keepingSlash: false))"
        }
        return header("x-amz-server-side-encryption", options.kmsKeyID.map { _ in "aws:kms" })
            .header("x-amz-server-side-encryption-aws-kms-key-id", options.kmsKeyID)
            .header("x-amz-storage-class", options.storageClass)
            .header("x-amz-tagging", tags.isEmpty ? nil : tags.joined(separator: "&"))
    }
}

extension ServiceError {
    /// Whether a store says that it does not know a header, which may be that of our checksum.
    var refusesChecksum: Bool {
        status == 501
            || status == 400
                && [
                    "InvalidArgument", "InvalidRequest", "NotImplemented", "XNotImplemented", "UnsupportedHeader",
                    "BadRequest", "InvalidHeader",
                ]
                .contains(code)
    }
}
