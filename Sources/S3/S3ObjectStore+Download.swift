import AWSRequests
import Checksums
package import ObjectStorage
import RunnerCore
import RunnerHTTP
package import SystemPackage

extension S3ObjectStore {
    /// How often an object is fetched anew that changed meanwhile or came damaged.
    private static let downloadsAtMost = 3

    package func download(
        _ object: ObjectSummary,
        to file: FilePath,
        progress: TransferProgress?
    ) async throws -> ObjectSummary {
        try await describingErrors(of: object.key) {
            var object = object
            for _ in 1..<Self.downloadsAtMost {
                do {
                    return try await downloadOnce(object, to: file, progress: progress)
                } catch let fault as TransferFault {
                    client.logDetail("\(address(of: object.key)): \(fault); fetching it again")
                } catch let error as ServiceError where error.status == 412 || error.status == 416 {
                    client.logDetail("\(address(of: object.key)) changed while it was fetched; fetching it again")
                }
                object = try await head(object.key).summary
            }
            return try await downloadOnce(object, to: file, progress: progress)
        }
    }

    /// Fetches an object as it was looked at; leaves no file when that fails.
    private func downloadOnce(
        _ object: ObjectSummary,
        to file: FilePath,
        progress: TransferProgress?
    ) async throws -> ObjectSummary {
        let counted = ProgressShare(progress)
        let target = DownloadTarget(file, sizeBytes: object.sizeBytes)
        do {
            let fetched =
                object.sizeBytes <= Int64(client.configuration.partBytes)
                ? try await fetchWhole(object, to: target, counted)
                : try await fetchRanges(object, to: target, counted)
            try target.close()
            return fetched
        } catch {
            target.discard()
            counted.takeBack()
            throw error
        }
    }

    /// One request, and no other thread than the one on which the bytes arrive.
    private func fetchWhole(
        _ object: ObjectSummary,
        to target: DownloadTarget,
        _ progress: ProgressShare
    ) async throws -> ObjectSummary {
        // No answer with a body comes for an empty object.
        if object.sizeBytes == 0 { try target.open() }
        let receiver = RangeReceiver(0..<object.sizeBytes, of: object, check: .asAnswered, progress: progress) {
            bytes,
            offset in
            try target.write(bytes, at: offset)
        }
        try await fetch(object, to: receiver)
        try receiver.finish()
        return object.with(receiver.head)
    }

    /// Many requests for parts, at once.
    private func fetchRanges(
        _ object: ObjectSummary,
        to target: DownloadTarget,
        _ progress: ProgressShare
    ) async throws -> ObjectSummary {
        // Only an answer for the whole has its checksum.
        let head = try await head(object.key)
        guard head.summary.sizeBytes == object.sizeBytes else {
            throw TransferFault.changed("it has \(head.summary.sizeBytes) bytes now")
        }
        let plan = try await rangePlan(for: head)
        // Taking the disk space may block.
        try await BlockingPool.shared.run { _ in _ = try target.open() }
        let receivers = plan.ranges.map { range in
            RangeReceiver(range, of: head.summary, check: .part(plan.algorithm), progress: progress) { bytes, offset in
                try target.write(bytes, at: offset)
            }
        }
        do {
            try await RangeLanes(receivers).fetchAll { receiver in
                try await fetch(head.summary, to: receiver)
                try receiver.finish()
            }
        } catch TransferFault.rangesIgnored {
            target.discard()
            progress.takeBack()
            return try await fetchWhole(head.summary, to: target, progress)
        }
        try await plan.verify(receivers, file: target.file)
        return head.summary
    }

    /// Sends as many requests as a receiver needs; each begins where the last one ended.
    private func fetch(_ object: ObjectSummary, to receiver: RangeReceiver) async throws {
        try await client.retrying { attempt in
            let before = receiver.received
            defer { if receiver.received > before { attempt.progressed() } }
            var call = S3Call(.get, object.key).header("x-amz-checksum-mode", "ENABLED")
                .header("If-Match", object.entityTag)
            if let missing = receiver.missing {
                guard !missing.isEmpty else { return }
                call.headers.add("Range", "bytes=\(missing.lowerBound)-\(missing.upperBound - 1)")
            }
            try await client.send(call, bucket: bucket, in: attempt, to: receiver)
            try receiver.checkEnd()
        }
    }
}

extension ObjectSummary {
    /// The object as an answer describes it.
    fileprivate func with(_ head: HTTPResponseHead?) -> ObjectSummary {
        ObjectSummary(
            key: key,
            sizeBytes: sizeBytes,
            modified: modified,
            entityTag: head?.headers["ETag"] ?? entityTag
        )
    }
}
