import AWSRequests
import Checksums
import NIOCore
import ObjectStorage
import RunnerCore
import RunnerHTTP
import Synchronization

/// An upload in parts that was begun and is to be completed or aborted.
final class MultipartUpload: Sendable {
    private struct StoredPart: Sendable {
        let entityTag: String
        let checksum: ChecksumValue?
        let sizeBytes: Int64
    }

    private let store: S3ObjectStore
    private let key: ObjectKey
    private let uploadID: String
    /// What an earlier run stored of it, by part number.
    private let found: [Int: ObjectPart]
    private let parts = Mutex<[Int: StoredPart]>([:])

    /// Makes the upload of that name.
    ///
    /// - Parameters:
    ///   - store: The bucket.
    ///   - key: The key that the object is to get.
    ///   - uploadID: The upload's name.
    ///   - found: What an earlier run stored of it.
    init(store: S3ObjectStore, key: ObjectKey, uploadID: String, found: [ObjectPart] = []) {
        self.store = store
        self.key = key
        self.uploadID = uploadID
        self.found = Dictionary(found.map { ($0.number, $0) }) { _, last in last }
    }

    /// Whether an earlier run stored something in a part's place.
    ///
    /// - Parameter number: The part.
    /// - Returns: true also when it may be other bytes.
    func hasFound(part number: Int) -> Bool { found[number] != nil }

    /// Stores a part, unless an earlier run stored the same bytes in its place.
    ///
    /// - Parameters:
    ///   - body: The part's bytes.
    ///   - number: From 1 to 10,000; several may be sent at once.
    /// - Throws: As `S3ObjectStore.sendChecked`.
    func send(_ body: PartBuffer, part number: Int) async throws {
        var part = try await reuse(body, part: number)
        if part == nil { part = try await upload(body, part: number) }
        parts.withLock { $0[number] = part }
    }

    /// Has the store take a part out of another object, by UploadPartCopy.
    ///
    /// - Parameters:
    ///   - range: Which bytes of it.
    ///   - source: The headers that name the object.
    ///   - number: From 1 to 10,000; several may be copied at once.
    /// - Throws: As `S3Client.send`.
    func copy(_ range: Range<Int64>, of source: HTTPFields, part number: Int) async throws {
        var call = S3Call(.put, key).adding("partNumber", String(number)).adding("uploadId", uploadID)
        for field in source.fields { call.headers.add(field.name, field.value) }
        call.headers.add("x-amz-copy-source-range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")
        let copied = try await store.client.send(
            call,
            bucket: store.bucket,
            reading: StoredObject.init(copiedPart:)
        )
        let part = StoredPart(
            entityTag: copied.entityTag,
            checksum: copied.checksum?.value,
            sizeBytes: Int64(range.count)
        )
        parts.withLock { $0[number] = part }
    }

    /// Puts the parts together.
    ///
    /// - Throws: As `S3Client.send`; `TransferFault.damaged`.
    func complete() async throws {
        let parts = parts.withLock { $0.sorted { $0.key < $1.key } }
        let checksum = wholeChecksum(parts.map(\.value))
        var call = S3Call(.post, key).adding("uploadId", uploadID).header("Content-Type", "application/xml")
            .header("x-amz-mp-object-size", String(parts.map(\.value.sizeBytes).reduce(0, +)))
        if let checksum {
            call = call.header(checksum.algorithm.headerName, checksum.base64)
                .header("x-amz-checksum-type", "FULL_OBJECT")
        }
        call.body = ByteBuffer(
            bytes: RequestDocument.completeUpload(
                parts.map { number, part in
                    RequestDocument.Part(number: number, entityTag: part.entityTag, checksum: part.checksum)
                }
            )
        )
        let stored = try await complete(by: call)
        if let checksum, let answered = stored.checksum, answered.partCount == nil, answered.value != checksum {
            throw TransferFault.damaged("the store's \(checksum.algorithm.name) differs from that of what was sent")
        }
    }

    /// Gives the upload up; the store frees what it holds of it.
    ///
    /// - Throws: As `S3Client.send`; after ten seconds in any case: it is mostly done when a job is to end, and what
    ///   stays is found by the next run.
    func abort() async throws {
        try await store.client.send(
            S3Call(.delete, key).adding("uploadId", uploadID),
            bucket: store.bucket,
            retries: RetryRules(maximumAttempts: 1),
            limits: HTTPLimits(total: .seconds(10)),
            reading: { _ in }
        )
    }

    // MARK: Parts

    private func upload(_ body: PartBuffer, part number: Int) async throws -> StoredPart {
        let call = S3Call(.put, key).adding("partNumber", String(number)).adding("uploadId", uploadID)
        let (answer, checksum) = try await store.sendChecked(body, by: call)
        guard let tag = answer.head.headers["ETag"] else {
            throw ServiceError.unreadable(answer.head, "it names no entity tag for the part")
        }
        return StoredPart(
            entityTag: tag,
            checksum: checksum.algorithm == .md5 ? nil : checksum,
            sizeBytes: Int64(body.count)
        )
    }

    /// The part as an earlier run stored it, when its bytes are the same by a checksum.
    private func reuse(_ body: PartBuffer, part number: Int) async throws -> StoredPart? {
        guard let part = found[number], part.sizeBytes == Int64(body.count), let tag = part.entityTag else {
            return nil
        }
        let expected = part.checksum ?? ChecksumValue(.md5, hexadecimal: tag.filter { $0 != "\"" })
        guard let expected else { return nil }
        let actual = try await body.hash(expected.algorithm, signsPayload: false)
        guard actual == expected else { return nil }
        return StoredPart(entityTag: tag, checksum: part.checksum, sizeBytes: part.sizeBytes)
    }

    // MARK: The end

    /// Completes; when the answer to a try was lost, the next one is told that there is no such upload any more.
    private func complete(by call: S3Call) async throws -> StoredObject {
        let hasTried = Mutex(false)
        return try await store.client.retrying { attempt in
            do {
                return try StoredObject(
                    completed: try await store.client.send(call, bucket: store.bucket, in: attempt)
                )
            } catch let error as ServiceError
                where error.code == "NoSuchUpload" && hasTried.withLock({ $0 })
            {
                let head = try await store.head(key)
                guard head.summary.sizeBytes == call.headers["x-amz-mp-object-size"].flatMap({ Int64($0) }) else {
                    throw error
                }
                return StoredObject(entityTag: head.summary.entityTag ?? "", checksum: head.checksum)
            } catch {
                hasTried.withLock { $0 = true }
                throw error
            }
        }
    }

    /// The checksum of all bytes; nil when one of the parts has none.
    private func wholeChecksum(_ parts: [StoredPart]) -> ChecksumValue? {
        var whole = parts.first?.checksum
        guard whole?.algorithm == .crc64nvme else { return nil }
        for part in parts.dropFirst() {
            guard let next = part.checksum else { return nil }
            whole = whole?.combined(with: next, lengthBytes: part.sizeBytes)
        }
        return whole
    }
}
