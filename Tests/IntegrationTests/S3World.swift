import RunnerCore
import RunnerTestSupport

/// A job's folder, and a bucket of the S3 server for its data.
struct S3World {
    /// The job's folder.
    let folder: JobFolder
    /// The server.
    let server: S3Server
    /// The bucket, which no other test has.
    let bucket: String

    /// Runs `body` with a fresh folder and a fresh bucket.
    static func with(_ body: (S3World) throws -> Void) throws {
        let server = try S3Server.shared()
        let bucket = try server.makeBucket()
        try JobFolder.with { try body(S3World(folder: $0, server: server, bucket: bucket)) }
    }

    /// boto3's view of the server.
    var oracle: S3Oracle { server.oracle }

    /// The address of a key.
    func address(_ key: String) -> String { "s3://\(bucket)/\(key)" }

    /// Puts an object.
    func put(_ key: String, _ text: String) throws { try put(key, Array(text.utf8)) }

    /// Puts an object with a checksum, as AWS's own tools do today.
    func put(_ key: String, _ bytes: [UInt8]) throws {
        try oracle.put(bytes, at: key, in: bucket, checksum: .crc64nvme)
    }

    /// The text of an object.
    func text(_ key: String) throws -> String { String(decoding: try oracle.bytes(of: key, in: bucket), as: UTF8.self) }

    /// The keys of the bucket.
    func keys(_ prefix: String = "") throws -> [String] { try oracle.list(bucket, prefix: prefix).map(\.key).sorted() }

    /// The record in the bucket.
    func storedRecord() throws -> JSONObject {
        try JSONText.parse(try text("out/output/job.json")).objectValue ?? [:]
    }

    /// The options of every run: only where the job is on this machine.
    var options: [String] { ["--root", folder.at("root"), "--python", BinaryUnderTest.python] }

    /// A job of `source/alg.py` whose results go to the bucket.
    var job: [String] {
        options + [
            "--storage", "s3", "--script", folder.at("source"), "--entry-point", "alg", "--output", address("out"),
            "--job-name", "job",
        ]
    }

    /// Starts the binary.
    ///
    /// - Parameters:
    ///   - arguments: The command line.
    ///   - endpoint: What stands in front of the server; nil is nothing.
    ///   - environment: More variables.
    /// - Returns: The running program.
    func start(
        _ arguments: [String],
        endpoint: String? = nil,
        environment: [String: String] = [:]
    ) -> RunningProgram {
        folder.start(
            arguments,
            environment: server.environment(endpoint: endpoint).merging(environment) { $1 }
        )
    }

    /// Runs the binary to its end; as ``start(_:endpoint:environment:)``.
    @discardableResult
    func run(
        _ arguments: [String],
        endpoint: String? = nil,
        environment: [String: String] = [:]
    ) -> RunnerRun {
        start(arguments, endpoint: endpoint, environment: environment).finish()
    }
}
