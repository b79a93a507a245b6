import AWSEndpoints
import AWSRequests
import Checksums
package import ObjectStorage
import RunnerCore
import RunnerHTTP

/// One bucket of Amazon S3, or of a store that speaks its protocol.
package struct S3ObjectStore: ObjectStore {
    /// What all buckets share.
    let client: S3Client
    /// The bucket's name, or the ARN of an access point.
    let bucket: String

    /// Makes the store of a bucket; asks it nothing yet.
    ///
    /// - Parameters:
    ///   - bucket: The bucket's name, or the ARN of an access point.
    ///   - client: What all buckets share.
    package init(bucket: String, client: S3Client) {
        self.bucket = bucket
        self.client = client
    }

    package func address(of key: ObjectKey) -> String { "s3://\(bucket)/\(key)" }

    package func summary(of key: ObjectKey) async throws -> ObjectSummary {
        try await describingErrors(of: key) { try await head(key).summary }
    }

    package func delete(_ key: ObjectKey) async throws {
        try await describingErrors(of: key) {
            _ = try await client.send(S3Call(.delete, key), bucket: bucket)
        }
    }

    // MARK: Heads

    /// What HEAD tells of an object.
    struct ObjectHead: Sendable {
        /// Key, size, time and tag.
        let summary: ObjectSummary
        /// Its checksum, where it has one.
        let checksum: ObjectChecksum?
    }

    /// Asks for an object's head.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - part: Only of this part of it; nil for the whole.
    /// - Returns: What the store tells.
    /// - Throws: As `S3Client.send`.
    func head(_ key: ObjectKey, part: Int? = nil) async throws -> ObjectHead {
        var call = S3Call(.head, key).header("x-amz-checksum-mode", "ENABLED")
        if let part { call = call.adding("partNumber", String(part)) }
        let answer: HTTPResponseHead
        do {
            answer = try await client.send(call, bucket: bucket).head
        } catch let error as ServiceError where error.isCodeFromStatus && [400, 403, 404].contains(error.status) {
            throw await explained(error, key)
        }
        guard let size = answer.contentLength, size >= 0 else {
            throw ServiceError.unreadable(answer, "it tells no length of the object")
        }
        return ObjectHead(
            summary: ObjectSummary(
                key: key,
                sizeBytes: size,
                modified: answer.headers["Last-Modified"].flatMap(HTTPDate.parse) ?? .now(),
                entityTag: answer.headers["ETag"]
            ),
            checksum: ObjectChecksum(answer.headers)
        )
    }

    /// An error of HEAD in the service's words.
    ///
    /// Such an answer has no body to say who may not do what, or whether it is the bucket or the object that is not
    /// there. One for GET has.
    private func explained(_ error: ServiceError, _ key: ObjectKey) async -> ServiceError {
        let call = S3Call(.get, key).header("Range", "bytes=0-0")
        do {
            try await client.send(call, bucket: bucket, retries: RetryRules(maximumAttempts: 1), reading: { _ in })
        } catch let detail as ServiceError where detail.status == error.status {
            return detail
        } catch {
            // The first error stands.
        }
        return error
    }

    /// Into which ranges to cut an object: of the store's own parts where its checksum is one of parts.
    ///
    /// - Parameter head: The object's head.
    /// - Returns: The plan.
    /// - Throws: As `S3Client.send`.
    func rangePlan(for head: ObjectHead) async throws -> RangePlan {
        let size = head.summary.sizeBytes
        let usual = RangePlan.rangeBytes(sizeBytes: size, leastBytes: Int64(client.configuration.partBytes))
        guard let count = head.checksum?.partCount else {
            return RangePlan(sizeBytes: size, partBytes: usual, expected: head.checksum)
        }
        let part = try await self.head(head.summary.key, part: 1).summary.sizeBytes
        if part > 0, (size + part - 1) / part == Int64(count) {
            return RangePlan(sizeBytes: size, partBytes: part, expected: head.checksum)
        }
        // Parts of different sizes: their checksum cannot be computed without asking for each of up to 10,000.
        client.logDetail("\(address(of: head.summary.key)) has parts of different sizes; its checksum is not compared")
        return RangePlan(sizeBytes: size, partBytes: usual, expected: nil)
    }

    // MARK: Errors

    /// Runs what speaks to the store, with errors in the words of `ObjectStore`.
    ///
    /// - Parameters:
    ///   - key: What it is about.
    ///   - operation: Speaks to the store.
    /// - Returns: What `operation` returns.
    /// - Throws: `ObjectStoreError`, or what `operation` throws and is no error of the store.
    func describingErrors<R>(of key: ObjectKey, _ operation: () async throws -> R) async throws -> R {
        do {
            return try await operation()
        } catch {
            throw ObjectStoreError(describing: error, address: address(of: key)) ?? error
        }
    }
}

extension ObjectStoreError {
    /// Says in the words of `ObjectStore` what speaking to S3 ended with.
    ///
    /// - Parameters:
    ///   - error: The error; nil is returned for one that did not come from the store.
    ///   - address: The object's address.
    init?(describing error: any Error, address: String) {
        let address = address.escaped(limit: 300)
        switch error {
        case let error as ServiceError:
            self.init(Self.code(of: error), "\(address): \(error)")
        case let error as HTTPError:
            self.init(Self.code(of: error.code), "\(address): \(error)")
        case let error as NoCredentialError:
            self.init(.unavailable, "\(address): \(error)")
        case let error as EndpointError:
            self.init(.unavailable, "\(address): \(error)")
        case let fault as TransferFault:
            self.init(fault.isDamage ? .damaged : .failed, "\(address): \(fault)")
        default:
            return nil
        }
    }

    private static func code(of error: ServiceError) -> Code {
        switch (error.status, error.code) {
        case (_, "NoSuchBucket"), (404, _): .notFound
        case (401, _), (403, _): .accessDenied
        case (_, "KeyTooLongError"), (_, "InvalidURI"): .invalidKey
        case (500..., _): .unavailable
        default: .failed
        }
    }

    private static func code(of code: HTTPError.Code) -> Code {
        switch code {
        case .cannotConnect, .untrusted, .closed, .connectionLost, .stalled, .tooSlow: .unavailable
        case .tooLarge, .malformed: .failed
        }
    }
}
