import RunnerCore
package import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// SeaweedFS on loopback: a real S3 server that verifies signatures, checksums, conditions and the rules of multipart.
///
/// One is started for the test process, when first asked for, and ends with it. Where it differs from Amazon's: it
/// takes any region in a signature, does not compare a body with its x-amz-content-sha256, refuses or rewrites keys
/// with `//`, a trailing `/`, `.` or `..` as a segment, or `\`, and lists `a/b` before `a-b`.
package struct S3Server: Sendable {
    /// `http://127.0.0.1:PORT`.
    package let endpoint: String
    /// `https://127.0.0.1:PORT`, of the same server.
    package let tlsEndpoint: String
    /// The certificate that signed the server's, for AWS_CA_BUNDLE.
    package let authorities: FilePath
    /// The region its keys are for.
    package let region: String
    /// Its access key.
    package let accessKeyID: String
    /// Three more access keys with the same secret, for keys that change.
    package var moreAccessKeyIDs: [String] { ["A", "B", "C"].map { accessKeyID + $0 } }
    /// The secret of that key; it holds `/` and `+`.
    package let secretAccessKey: String
    /// An independent client of this server.
    package let oracle: S3Oracle

    private static let started = Result { try S3Server() }

    /// The server of this test process.
    ///
    /// - Returns: The server, which takes requests.
    /// - Throws: Why it could not be started.
    package static func shared() throws -> S3Server { try started.get() }

    private init() throws {
        let python = BinaryUnderTest.repository.appending(".venv/bin/python").string
        let weed = BinaryUnderTest.repository.appending(".venv/bin/weed").string
        guard access(python, X_OK) == 0, access(weed, X_OK) == 0 else {
            throw TestServerError("there is no \(weed): run scripts/setup.sh")
        }
        let script = BinaryUnderTest.repository.appending("Tests/RunnerTestSupport/s3_oracle.py").string
        let helper = try HelperProcess(python, ["-B", script, weed])
        func text(_ name: String) throws -> String {
            guard let text = helper.greeting[name]?.stringValue else {
                throw TestServerError("s3_oracle.py did not say its \(name)")
            }
            return text
        }
        endpoint = try text("endpoint")
        tlsEndpoint = try text("tlsEndpoint")
        authorities = FilePath(try text("ca"))
        region = try text("region")
        accessKeyID = try text("accessKey")
        secretAccessKey = try text("secretKey")
        oracle = S3Oracle(helper: helper, scratch: FilePath(try text("folder")), secretAccessKey: secretAccessKey)
    }

    /// An empty bucket that no other test has.
    ///
    /// - Returns: Its name.
    /// - Throws: When the server is gone.
    package func makeBucket() throws -> String { try oracle.makeBucket() }

    /// The variables that lead the program under test to this server and to nothing else.
    ///
    /// - Parameter endpoint: Where to; nil is ``endpoint``. Give a ``FaultProxy``'s, or ``tlsEndpoint``.
    /// - Returns: To be added to `BinaryUnderTest.minimalEnvironment`.
    package func environment(endpoint: String? = nil) -> [String: String] {
        [
            "AWS_ENDPOINT_URL": endpoint ?? self.endpoint,
            "AWS_ACCESS_KEY_ID": accessKeyID,
            "AWS_SECRET_ACCESS_KEY": secretAccessKey,
            "AWS_REGION": region,
            "AWS_CA_BUNDLE": authorities.string,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        ]
    }
}
