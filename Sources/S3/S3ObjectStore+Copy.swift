import AWSRequests
import AWSSigning
package import ObjectStorage
import RunnerCore
import RunnerHTTP

extension S3ObjectStore {
    /// Objects larger than this are copied in parts, several at once: one request for 5 GB takes minutes in which no byte
    /// says that it goes on, and above 5 GiB S3 refuses it.
    private static let wholeCopyBytes: Int64 = 256 << 20
    /// How large such parts are, as long as 10,000 of them are enough.
    private static let copiedPartBytes: Int64 = 128 << 20

    package func copy(
        _ object: ObjectSummary,
        of source: any ObjectStore,
        to key: ObjectKey,
        options: WriteOptions
    ) async throws -> Bool {
        // Another client may have other credentials or another endpoint, which this store cannot ask for us.
        guard let source = source as? S3ObjectStore, source.client === client else { return false }
        try await describingErrors(of: object.key) {
            let headers = source.copySource(object)
            if object.sizeBytes <= Self.wholeCopyBytes {
                try await copyWhole(headers, to: key, options)
            } else {
                try await copyParts(object, headers, to: key, options)
            }
        }
        return true
    }

    /// The headers that name an object of this bucket as the source of a copy.
    private func copySource(_ object: ObjectSummary) -> HTTPFields {
        // An access point is named by its ARN, and its objects below `object`.
        let place = bucket.hasPrefix("arn:") ? "\(bucket)/object" : bucket
        var headers: HTTPFields = [:]
        headers.add(
            "x-amz-copy-source",
            "/" + percentEncoded(place.utf8, keepingSlash: true) + "/"
                + percentEncoded(object.key.bytes, keepingSlash: true)
        )
        if let tag = object.entityTag { headers.add("x-amz-copy-source-if-match", tag) }
        return headers
    }

    private func copyWhole(_ source: HTTPFields, to key: ObjectKey, _ options: WriteOptions) async throws {
        var call = S3Call(.put, key).storing(options)
        for field in source.fields { call.headers.add(field.name, field.value) }
        // Else a copy has the tags of its source, whatever it is to have.
        if !options.tags.isEmpty { call.headers.add("x-amz-tagging-directive", "REPLACE") }
        // The status comes before the copy is made: an error stands in the body of a 200, and is retried like any other.
        _ = try await client.send(call, bucket: bucket, reading: StoredObject.init(copied:))
    }

    private func copyParts(
        _ object: ObjectSummary,
        _ source: HTTPFields,
        to key: ObjectKey,
        _ options: WriteOptions
    ) async throws {
        let needed = (object.sizeBytes + Self.partsAtMost - 1) / Self.partsAtMost
        let partBytes = max(Self.copiedPartBytes, needed)
        let ranges = stride(from: 0, to: object.sizeBytes, by: Int64.Stride(partBytes)).map { start in
            start..<min(start + partBytes, object.sizeBytes)
        }
        // Parts that a killed run left are of another size, and of bytes that nobody here can compare.
        try await withMultipartUpload(to: key, options, resuming: false) { upload in
            try await forEachConcurrently(ranges.enumerated(), limit: client.configuration.connections) {
                index,
                range in
                try await upload.copy(range, of: source, part: index + 1)
            }
        }
    }
}
