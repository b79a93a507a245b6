import AWSRequests
package import ObjectStorage
package import RunnerCore

extension S3ObjectStore {
    package func write<R: Sendable>(
        _ key: ObjectKey,
        options: WriteOptions,
        _ body: @escaping @Sendable (inout any ByteSink) throws -> R
    ) async throws -> R {
        let (count, partBytes) = client.configuration.streamBuffers
        return try await describingErrors(of: key) {
            try await client.partBuffers.with(count, capacity: partBytes) { buffers in
                let feed = PartFeed(buffers, partBytes: partBytes)
                async let uploaded: Void = upload(from: feed, to: key, options)
                do {
                    let result = try await BlockingPool.shared.run { cancellation in
                        var sink: any ByteSink = PartSink(feed, cancellation)
                        let result = try body(&sink)
                        if var sink = sink as? PartSink { try sink.finish() }
                        return result
                    }
                    try await uploaded
                    return result
                } catch {
                    // Where the store failed first, the writer was told, and this changes nothing.
                    feed.fail(error)
                    try await uploaded
                    throw error
                }
            }
        }
    }

    /// Uploads what comes out of a feed, in one request when it does not fill a part.
    ///
    /// A full part is sent without waiting for what follows: where sending is as slow as writing, what waits at the
    /// beginning is still missing at the end.
    private func upload(from feed: PartFeed, to key: ObjectKey, _ options: WriteOptions) async throws {
        do {
            var parts = feed.filled.makeAsyncIterator()
            guard let first = await parts.next() else { return try feed.checkEnd() }
            guard first.count == feed.partBytes else {
                try feed.checkEnd()
                return try await put(first, to: key, options: options)
            }
            try await withMultipartUpload(to: key, options) { upload in
                try await send(first, parts, of: feed, by: upload, key)
            }
        } catch {
            feed.fail(error)
            throw error
        }
    }

    private func send(
        _ first: PartBuffer,
        _ rest: AsyncStream<PartBuffer>.Iterator,
        of feed: PartFeed,
        by upload: MultipartUpload,
        _ key: ObjectKey
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var rest = rest
            var next: PartBuffer? = first
            var number: Int64 = 0
            while let part = next {
                number += 1
                guard number <= Self.partsAtMost else {
                    throw ObjectStoreError(
                        .failed,
                        "\(address(of: key).escaped()): more than \(Self.partsAtMost) parts, the last ones of "
                            + "\(humanBytes(Int64(part.count))), cannot be stored as one object"
                    )
                }
                group.addTask { [number] in
                    do {
                        try await upload.send(part, part: Int(number))
                        feed.giveBack(part)
                    } catch {
                        // At once: the writer may be waiting for this buffer.
                        feed.fail(error)
                        throw error
                    }
                }
                next = await rest.next()
            }
            try feed.checkEnd()
            while try await group.next() != nil {}
        }
    }
}
