import RunnerCore
import RunnerTestSupport
import Testing

/// The keys that botocore signed for us, downloaded from a store that holds them: the path is botocore's, and botocore
/// recomputes the signature.
@Suite(.timeLimit(.minutes(15)))
struct S3KeysConformanceTests {
    static let rows = Suites.rows("vectors", of: "sigv4-s3-oracle/vectors.json")

    @Test(.enabled(if: !rows.isEmpty, "\(Suites.absent)"), arguments: rows)
    func key(_ row: Row) throws {
        let key = try row.text("key")
        // A source that ends in a slash is a folder; an argument of a program holds no zero byte.
        guard !key.hasSuffix("/"), !key.utf8.contains(0) else { return }
        let store = try ScriptedServer(FakeBucket([key: "content of it"]).answer)
        defer { store.stop() }
        let server = try S3Server.shared()
        try JobFolder.with { folder in
            let run = folder.run(
                ["transfer", "s3://bucket/\(key)", "file"],
                environment: server.environment(endpoint: store.endpoint)
            )
            #expect(run.exitCode == 0, "\(run.errors)")
            #expect(folder.text("file") == "content of it")
            var path = try row.row("expect").text("raw_path")
            if try row.text("addressing") == "path" { path.removeFirst(try row.text("bucket").count + 1) }
            #expect(!store.requests.isEmpty)
            for request in store.requests {
                #expect(request.path == "/bucket" + path)
                #expect(try server.oracle.signatureProblem(of: request) == nil)
            }
        }
    }
}
