import AWSRequests
package import ObjectStorage
package import RunnerCore
import RunnerHTTP

extension S3ObjectStore {
    package func read<R: Sendable>(
        _ key: ObjectKey,
        _ body: @escaping @Sendable (any ByteSource) throws -> R
    ) async throws -> R {
        let pipe = ResponsePipe()
        let address = address(of: key)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await fill(pipe, from: key)
                    pipe.finish(nil)
                } catch {
                    // Said to the reader, who decides what follows from it.
                    pipe.finish(error)
                }
            }
            defer { group.cancelAll() }
            return try await BlockingPool.shared.run { cancellation in
                try body(
                    PipeSource(pipe, cancellation) { ObjectStoreError(describing: $0, address: address) ?? $0 }
                )
            }
        }
    }

    /// Sends as many requests as it needs until all of the object went into the pipe.
    private func fill(_ pipe: ResponsePipe, from key: ObjectKey) async throws {
        try await client.retrying { attempt in
            let before = pipe.received
            defer { if pipe.received > before { attempt.progressed() } }
            var call = S3Call(.get, key).header("x-amz-checksum-mode", "ENABLED")
            if pipe.isComplete { return }
            if let resumption = pipe.resumption {
                call.headers.add("Range", "bytes=\(resumption.offset)-")
                if let tag = resumption.entityTag { call.headers.add("If-Match", tag) }
            }
            try await client.send(call, bucket: bucket, in: attempt, to: pipe)
            try pipe.checkEnd()
        }
    }
}
