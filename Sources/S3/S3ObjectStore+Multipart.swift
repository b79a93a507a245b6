import AWSRequests
import Checksums
package import ObjectStorage
package import RunnerCore
import RunnerHTTP

extension S3ObjectStore {
    /// Begins an upload in parts, or goes on with one that a killed run left; completes it when `body` returns and
    /// aborts it when that throws.
    ///
    /// - Parameters:
    ///   - key: The key that the object is to get.
    ///   - options: How it is to be stored.
    ///   - resuming: Whether parts that a killed run left may serve.
    ///   - body: Sends all parts.
    /// - Returns: What `body` returns.
    /// - Throws: As `S3Client.send`, and what `body` throws.
    func withMultipartUpload<R>(
        to key: ObjectKey,
        _ options: WriteOptions,
        resuming: Bool = true,
        _ body: (MultipartUpload) async throws -> R
    ) async throws -> R {
        let left = resuming ? try await findUpload(of: key, options) : nil
        let upload: MultipartUpload
        if let left { upload = left } else { upload = try await beginUncancelled(to: key, options) }
        do {
            let result = try await body(upload)
            try await upload.complete()
            return result
        } catch {
            await abandon(upload, key)
            throw error
        }
    }

    package func removeAbandonedUploads(prefix: ObjectKey, begunBefore moment: Timestamp) async throws -> Int {
        try await describingErrors(of: prefix) {
            let abandoned = try await uploads(prefix: prefix, retries: .standard).filter { $0.initiated < moment }
            var removed = 0
            for upload in abandoned {
                do {
                    try await MultipartUpload(store: self, key: upload.key, uploadID: upload.uploadID).abort()
                    removed += 1
                } catch let error as ServiceError where error.code == "NoSuchUpload" {
                    // Another host removed it meanwhile.
                    client.logDetail("\(address(of: upload.key)): \(error)")
                }
            }
            return removed
        }
    }

    // MARK: Beginning

    /// Begins an upload; a cancelled task still waits a second for the answer.
    ///
    /// A store that has the request begins the upload whether somebody waits or not, and only the answer names it: it
    /// could not be aborted.
    private func beginUncancelled(to key: ObjectKey, _ options: WriteOptions) async throws -> MultipartUpload {
        try Task.checkCancellation()
        let beginning = Task { try await beginUpload(to: key, options) }
        return try await withTaskCancellationHandler {
            try await beginning.value
        } onCancel: {
            Task {
                // Nobody cancels this task.
                try? await Task.sleep(for: .seconds(1))
                beginning.cancel()
            }
        }
    }

    private func beginUpload(to key: ObjectKey, _ options: WriteOptions) async throws -> MultipartUpload {
        let call = S3Call(.post, key).adding("uploads").storing(options)
        var other: UploadCheck?
        while true {
            let check = other ?? client.uploadCheck(bucket: bucket)
            var checked = call
            if check == .checksum {
                // Of the whole object: parts of other sizes would give a checksum of parts another value.
                checked = checked.header("x-amz-checksum-algorithm", check.algorithm.name)
                    .header("x-amz-checksum-type", "FULL_OBJECT")
            }
            do {
                let created = try await client.send(checked, bucket: bucket, reading: CreatedUpload.init)
                if other != nil { client.fallBackToMD5(bucket: bucket) }
                return MultipartUpload(store: self, key: key, uploadID: created.uploadID)
            } catch let error as ServiceError where check == .checksum && error.refusesChecksum {
                other = .md5
            }
        }
    }

    /// Aborts although the task may be cancelled: that is when it matters.
    private func abandon(_ upload: MultipartUpload, _ key: ObjectKey) async {
        let client = client
        let address = address(of: key)
        await Task {
            do {
                try await upload.abort()
            } catch {
                client.logDetail("\(address): the unfinished upload stays: \(error)")
            }
        }
        .value
    }

    // MARK: What a killed run left

    /// The upload of a key that a killed run left, with its parts; others of that key are aborted.
    ///
    /// Nothing tells with which encryption or tags an upload was begun, so one that asks for such begins anew.
    private func findUpload(of key: ObjectKey, _ options: WriteOptions) async throws -> MultipartUpload? {
        var left: [UploadsPage.Upload]
        do {
            // An answer only saves work: a store that does not know the question is not asked for seconds.
            let quick = RetryRules(baseDelay: .milliseconds(50))
            left = try await uploads(prefix: key, retries: quick).filter {
                $0.key == key && $0.initiated < client.startedAt
            }
        } catch let error where error is ServiceError || error is HTTPError {
            // A role that may only write may not list; a store may not know how, or may not be there at this moment.
            client.logDetail("s3://\(bucket): unfinished uploads cannot be listed: \(error)")
            return nil
        }
        guard !left.isEmpty else { return nil }
        left.sort { $0.initiated > $1.initiated }
        let resumed = options == WriteOptions() ? left.removeFirst() : nil
        for upload in left {
            await abandon(MultipartUpload(store: self, key: key, uploadID: upload.uploadID), key)
        }
        guard let resumed, let parts = try? await parts(of: resumed) else { return nil }
        let isOurs = parts.allSatisfy { $0.checksum.map { $0.algorithm == .crc64nvme } ?? true }
        guard isOurs else {
            // Parts with a checksum of another kind, as other clients send them, cannot be mixed with ours.
            await abandon(MultipartUpload(store: self, key: key, uploadID: resumed.uploadID), key)
            return nil
        }
        client.logDetail("\(address(of: key)): going on with an upload that has \(counted(parts.count, "part"))")
        return MultipartUpload(store: self, key: key, uploadID: resumed.uploadID, found: parts)
    }

    private func uploads(prefix: ObjectKey, retries: RetryRules) async throws -> [UploadsPage.Upload] {
        var found: [UploadsPage.Upload] = []
        var next: UploadsPage.Marker?
        repeat {
            var call = S3Call(.get).adding("uploads").adding("encoding-type", "url").adding("prefix", prefix)
            if let next {
                call = call.adding("key-marker", next.key).adding("upload-id-marker", next.uploadID)
            }
            let page = try await client.send(call, bucket: bucket, retries: retries, reading: UploadsPage.init)
            found += page.uploads
            next = page.next
        } while next != nil
        return found
    }

    private func parts(of upload: UploadsPage.Upload) async throws -> [ObjectPart] {
        var found: [ObjectPart] = []
        var marker: Int?
        repeat {
            var call = S3Call(.get, upload.key).adding("uploadId", upload.uploadID)
            if let marker { call = call.adding("part-number-marker", String(marker)) }
            let page = try await client.send(call, bucket: bucket, reading: PartsPage.init)
            found += page.parts
            marker = page.nextMarker
        } while marker != nil
        return found
    }
}
