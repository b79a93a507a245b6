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

    /// Sends a body in such a way that the store checks it, and makes sure that it did.
    ///
    /// A store that refuses our checksum, or does not answer with it, is remembered and gets `Content-MD5` instead.
    ///
    /// - Parameters:
    ///   - body: The bytes.
    ///   - call: The operation, without its body.
    /// - Returns: The answer, and the checksum that the store confirmed.
    /// - Throws: `TransferFault.damaged`; as `S3Client.send`.
    func sendChecked(_ body: PartBuffer, by call: S3Call) async throws -> (HTTPResponse, ChecksumValue) {
        let signsPayload = client.signsPayload(bucket: bucket)
        while true {
            let check = client.uploadCheck(bucket: bucket)
            let checksum = try await BlockingPool.shared.run { _ in
                body.hash(check.algorithm, signsPayload: signsPayload)
            }
            var checked = call.header(check.algorithm.headerName, checksum.base64)
            checked.body = body.body
            checked.payloadHash = body.payloadHash
            if check == .checksum { checked.headers.add("x-amz-sdk-checksum-algorithm", checksum.algorithm.name) }
            do {
                let answer = try await client.send(checked, bucket: bucket)
                if try isConfirmed(answer.head, checksum) { return (answer, checksum) }
                _ = client.fallBackToMD5(bucket: bucket)
            } catch let error as ServiceError where check == .checksum && error.refusesChecksum {
                guard client.fallBackToMD5(bucket: bucket) || client.uploadCheck(bucket: bucket) == .md5 else {
                    throw error
                }
            }
        }
    }

    /// Whether an answer shows that the store has the bytes that were sent.
    ///
    /// - Returns: false when the store seems not to know the checksum.
    private func isConfirmed(_ head: HTTPResponseHead, _ checksum: ChecksumValue) throws -> Bool {
        guard let stored = ObjectChecksum(head.headers) else {
            // A tag of another kind, as of encrypted objects. `Content-MD5` was checked by the store.
            return checksum.algorithm == .md5
        }
        guard stored.value.algorithm == checksum.algorithm else { return checksum.algorithm == .md5 }
        guard stored.value == checksum else {
            throw TransferFault.damaged("the store's \(checksum.algorithm.name) differs from that of what was sent")
        }
        return true
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
