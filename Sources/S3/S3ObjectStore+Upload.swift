import AWSRequests
package import ObjectStorage
import RunnerCore
package import SystemPackage

extension S3ObjectStore {
    /// How many parts an upload may have.
    static let partsAtMost: Int64 = 10_000

    package func upload(
        _ file: FilePath,
        to key: ObjectKey,
        options: WriteOptions,
        progress: TransferProgress?
    ) async throws -> Int64 {
        try await describingErrors(of: key) {
            let source = try await BlockingPool.shared.run { _ in try UploadSource(file) }
            let counted = ProgressShare(progress)
            do {
                if source.sizeBytes <= Int64(client.configuration.partBytes) {
                    try await uploadWhole(source, to: key, options)
                    counted.add(bytes: source.sizeBytes)
                } else {
                    try await uploadPartsTwice(source, to: key, options, counted)
                }
                return source.sizeBytes
            } catch {
                counted.takeBack()
                throw error
            }
        }
    }

    private func uploadWhole(_ source: UploadSource, to key: ObjectKey, _ options: WriteOptions) async throws {
        let range = 0..<source.sizeBytes
        try await client.partBuffers.with(1, capacity: range.count) { buffers in
            try await fill(buffers[0], with: range, of: source, isSent: true)
            try await put(buffers[0], to: key, options: options)
        }
    }

    /// Another host that uses the same prefix may take an upload that is older than itself for abandoned.
    private func uploadPartsTwice(
        _ source: UploadSource,
        to key: ObjectKey,
        _ options: WriteOptions,
        _ progress: ProgressShare
    ) async throws {
        do {
            try await uploadParts(source, to: key, options, progress)
        } catch let error as ServiceError where error.code == "NoSuchUpload" {
            progress.takeBack()
            client.logDetail("\(address(of: key)): the upload was aborted by somebody else; storing it again")
            try await uploadParts(source, to: key, options, progress)
        }
    }

    private func uploadParts(
        _ source: UploadSource,
        to key: ObjectKey,
        _ options: WriteOptions,
        _ progress: ProgressShare
    ) async throws {
        let partBytes = try partBytes(for: source)
        let ranges = stride(from: 0, to: source.sizeBytes, by: Int64.Stride(partBytes)).map { start in
            start..<min(start + partBytes, source.sizeBytes)
        }
        try await withMultipartUpload(to: key, options) { upload in
            try await forEachConcurrently(ranges.enumerated(), limit: client.configuration.connections) {
                index,
                range in
                try await client.partBuffers.with(1, capacity: range.count) { buffers in
                    let isSent = !upload.hasFound(part: index + 1)
                    try await fill(buffers[0], with: range, of: source, isSent: isSent)
                    try await upload.send(buffers[0], part: index + 1)
                    progress.add(bytes: Int64(range.count))
                }
            }
        }
    }

    /// Reads a range and computes what the request will say of it in one go: the bytes are in the cache then.
    ///
    /// A part that is probably stored already needs no SHA-256 for a signature.
    private func fill(
        _ buffer: PartBuffer,
        with range: Range<Int64>,
        of source: UploadSource,
        isSent: Bool
    ) async throws {
        let algorithm = client.uploadCheck(bucket: bucket).algorithm
        buffer.startHashing(algorithm, signsPayload: isSent && client.signsPayload(bucket: bucket))
        try await BlockingPool.shared.run { cancellation in
            try source.read(range, into: buffer, cancellation)
        }
    }

    /// Parts of the usual size, or as large as an upload of 10,000 parts needs.
    private func partBytes(for source: UploadSource) throws -> Int64 {
        let usual = Int64(client.configuration.partBytes)
        let needed = (source.sizeBytes + Self.partsAtMost - 1) / Self.partsAtMost
        let size = max(usual, (needed + (1 << 20) - 1) / (1 << 20) * (1 << 20))
        let largest = max(usual, Int64(client.configuration.partBudgetBytes))
        guard size <= largest else {
            throw ObjectStoreError(
                .failed,
                "\(source.file.string.escaped()) has \(humanBytes(source.sizeBytes)); with upload buffers of "
                    + "\(humanBytes(largest)) at most \(humanBytes(largest * Self.partsAtMost)) can be stored"
            )
        }
        return size
    }
}
