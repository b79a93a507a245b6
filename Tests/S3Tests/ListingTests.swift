import ObjectStorage
import RunnerCore
import RunnerTestSupport
import Synchronization
import Testing

@testable import S3

/// Listings of more than one page, by a script: a thousand objects would take longer than all other tests.
@Suite(.timeLimit(.minutes(15))) struct ListingTests {
    private struct Enough: Error {}

    /// A page; its token has what must be encoded in a query.
    private static func page(_ keys: [String], next token: String?) -> ScriptedAnswer {
        let objects = keys.map { key in
            "<Contents><Key>\(key)</Key><Size>3</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>"
        }
        let next = token.map { "<NextContinuationToken>\($0)</NextContinuationToken>" } ?? ""
        return .http(
            200,
            text: """
                <ListBucketResult><EncodingType>url</EncodingType><IsTruncated>\(token != nil)</IsTruncated>\
                \(next)\(objects.joined())</ListBucketResult>
                """
        )
    }

    /// Three pages of a listing, each with its own fault in the first try.
    private func pages(_ faults: [Int: ScriptedAnswer] = [:]) throws -> ScriptedServer {
        try ScriptedServer { request in
            if let fault = faults[request.number] { return fault }
            return switch request.queryValue("continuation-token") {
            case nil: Self.page(["a", "b%20c"], next: "1/+ =")
            case "1%2F%2B%20%3D": Self.page(["d+e"], next: "%2")
            case "%252": Self.page(["f%2Bg"], next: nil)
            case let other?: .error(400, "InvalidArgument", message: "token \(other)")
            }
        }
    }

    private func keys(_ server: ScriptedServer) async throws -> [String] {
        var keys: [String] = []
        try await Lab.store(at: server.endpoint).list(prefix: ObjectKey("p/ +")) { keys.append($0.key.description) }
        return keys
    }

    @Test func pagesFollowEachOther() async throws {
        let server = try pages()
        defer { server.stop() }
        #expect(try await keys(server) == ["a", "b c", "d e", "f+g"])
        #expect(server.requests.count == 3)
        for request in server.requests {
            #expect(request.queryValue("prefix") == "p%2F%20%2B" && request.queryValue("encoding-type") == "url")
            #expect(try Lab.oracle().signatureProblem(of: request) == nil)
        }
    }

    static let faults: [ScriptedAnswer] = [
        .error(503, "SlowDown"), .http(200), .http(200, text: "<ListBucketResult><IsTruncated>fal"),
        .http(200, text: "<html></html>"), .error(200, "InternalError"), .http(200, text: "x").ended(.reset, after: 3),
        .http(200, text: "<ListBucketResult></ListBucketResult>"),
    ]

    @Test(arguments: faults.indices, [1, 2, 3])
    func aPageIsAskedForAgain(index: Int, request: Int) async throws {
        let server = try pages([request: Self.faults[index]])
        defer { server.stop() }
        #expect(try await keys(server) == ["a", "b c", "d e", "f+g"])
        #expect(server.requests.count == 4)
    }

    /// Half a listing must not pass for the whole.
    @Test(arguments: [1, 2, 3])
    func aPageThatNeverComesIsAnError(request: Int) async throws {
        let server = try ScriptedServer { asked in
            asked.number >= request ? .error(503, "SlowDown") : Self.page(["\(asked.number)"], next: "\(asked.number)")
        }
        defer { server.stop() }
        let error = await #expect(throws: ObjectStoreError.self) { try await keys(server) }
        #expect(error?.code == .unavailable)
    }

    @Test func theVisitorsErrorEndsTheListing() async throws {
        let server = try pages()
        defer { server.stop() }
        await #expect(throws: Enough.self) {
            try await Lab.store(at: server.endpoint).list(prefix: ObjectKey("")) { _ in throw Enough() }
        }
        #expect(server.requests.count <= 2)
    }

    /// A bucket of a million objects below a folder is one line.
    @Test(arguments: [
        ("<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>", true),
        (
            "<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>ab/</Prefix></CommonPrefixes>",
            false
        ),
        ("<Contents><Key>a</Key><Size>0</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>", false),
        ("<CommonPrefixes><Prefix>ab/</Prefix></CommonPrefixes>", false), ("", false),
    ])
    func folders(content: String, isFolder: Bool) async throws {
        let server = try ScriptedServer { _ in
            .http(200, text: "<ListBucketResult><IsTruncated>false</IsTruncated>\(content)</ListBucketResult>")
        }
        defer { server.stop() }
        #expect(try await Lab.store(at: server.endpoint).isFolder(ObjectKey("a")) == isFolder)
        #expect(server.requests.first?.queryValue("delimiter") == "%2F")
    }
}
