import AWSRequests
package import ObjectStorage
import RunnerHTTP

extension S3ObjectStore {
    package func list(
        prefix: ObjectKey,
        _ visit: (ObjectSummary) async throws -> Void
    ) async throws {
        try await describingErrors(of: prefix) {
            var page = try await listPage(prefix: prefix, continuation: nil)
            while let continuation = page.continuation {
                // The next page is on its way while this one is worked on.
                async let next = listPage(prefix: prefix, continuation: continuation)
                for object in page.objects { try await visit(object) }
                page = try await next
            }
            for object in page.objects { try await visit(object) }
        }
    }

    package func isFolder(_ prefix: ObjectKey) async throws -> Bool {
        try await describingErrors(of: prefix) {
            // With a delimiter a folder of a million objects is one line of the answer.
            let call = listCall(prefix: prefix).adding("delimiter", "/").adding("max-keys", "2")
            let page = try await client.send(call, bucket: bucket, reading: ListPage.init)
            return page.objects.isEmpty && page.commonPrefixes == [prefix.appending("/")]
        }
    }

    private func listPage(prefix: ObjectKey, continuation: String?) async throws -> ListPage {
        var call = listCall(prefix: prefix)
        if let continuation { call = call.adding("continuation-token", continuation) }
        return try await client.send(call, bucket: bucket, reading: ListPage.init)
    }

    private func listCall(prefix: ObjectKey) -> S3Call {
        // XML cannot name every key; percent-encoded it can.
        S3Call(.get).adding("list-type", "2").adding("encoding-type", "url").adding("prefix", prefix)
    }
}
