package import RunnerCore
import Synchronization
package import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// boto3 as the judge: puts what the program shall fetch, says what the program stored, checks its signatures.
///
/// Calls block; they wait for a process of their own and never for Swift's threads, so async tests may make them.
package struct S3Oracle: Sendable {
    /// A checksum that S3 stores with an object.
    package enum Checksum: String, Sendable, CaseIterable {
        case crc32 = "CRC32"
        case crc32c = "CRC32C"
        case crc64nvme = "CRC64NVME"
        case sha256 = "SHA256"
    }

    /// An object as HeadObject tells it, with its checksums.
    package struct Head: Sendable {
        /// The length of the body.
        package let size: Int
        /// The header fields of the answer, names in lower case.
        package let headers: [String: String]
    }

    /// An entry of a listing.
    package struct Entry: Sendable, Hashable {
        /// The key.
        package let key: String
        /// The length of the body.
        package let size: Int
        /// The ETag, with its quotes.
        package let etag: String
    }

    /// A multipart upload that is neither completed nor aborted.
    package struct Upload: Sendable, Hashable {
        /// The key it is for.
        package let key: String
        /// Its upload id.
        package let id: String
        /// The sizes of its parts by part number.
        package let parts: [Int: Int]
    }

    private let helper: HelperProcess
    private let scratch: FilePath
    private let secretAccessKey: String
    private static let fileNumber = Atomic(0)

    init(helper: HelperProcess, scratch: FilePath, secretAccessKey: String) {
        self.helper = helper
        self.scratch = scratch
        self.secretAccessKey = secretAccessKey
    }

    func makeBucket() throws -> String { try ask("bucket", [:]).stringValue ?? "" }

    /// Puts an object.
    ///
    /// - Parameters:
    ///   - bytes: Its body.
    ///   - key: Its key.
    ///   - bucket: Its bucket.
    ///   - checksum: What is stored with it; nil is nothing.
    ///   - partSize: The parts' size in bytes of a multipart upload, at least 5 MiB; nil is one PutObject.
    ///   - fullObject: Whether a multipart upload's checksum is that of the whole object, not of the parts' checksums.
    ///   - more: More arguments of boto3's put_object or create_multipart_upload, such as `Metadata`.
    ///   - endpoint: Where to, such as a ``FaultProxy``; nil is the server itself.
    /// - Returns: What boto3 returns: `ETag`, `VersionId`, checksums.
    /// - Throws: ``OracleError``.
    @discardableResult
    package func put(
        _ bytes: [UInt8],
        at key: String,
        in bucket: String,
        checksum: Checksum? = nil,
        partSize: Int? = nil,
        fullObject: Bool = false,
        more: JSONObject = [:],
        endpoint: String? = nil
    ) throws -> JSONObject {
        try withScratchFile(holding: bytes) { file in
            try put(
                file: file,
                at: key,
                in: bucket,
                checksum: checksum,
                partSize: partSize,
                fullObject: fullObject,
                more: more,
                endpoint: endpoint
            )
        }
    }

    /// Puts a file; for the rest see ``put(_:at:in:checksum:partSize:fullObject:more:endpoint:)``.
    @discardableResult
    package func put(
        file: FilePath,
        at key: String,
        in bucket: String,
        checksum: Checksum? = nil,
        partSize: Int? = nil,
        fullObject: Bool = false,
        more: JSONObject = [:],
        endpoint: String? = nil
    ) throws -> JSONObject {
        let answer = try ask(
            "put",
            [
                "bucket": .string(bucket), "key": .string(key), "file": .string(file.string),
                "checksum": optional(checksum?.rawValue), "part_size": .number(JSONNumber(partSize ?? 0)),
                "full_object": .bool(fullObject), "more": .object(more), "endpoint": optional(endpoint),
            ]
        )
        return answer.objectValue ?? [:]
    }

    /// The body of an object.
    ///
    /// - Parameters:
    ///   - key: Its key.
    ///   - bucket: Its bucket.
    ///   - version: Its version; nil is the newest.
    /// - Returns: Every byte.
    /// - Throws: ``OracleError``, `NoSuchKey` for one that is not there.
    package func bytes(of key: String, in bucket: String, version: String? = nil) throws -> [UInt8] {
        try withScratchFile(holding: []) { file in
            _ = try ask(
                "get",
                [
                    "bucket": .string(bucket), "key": .string(key), "file": .string(file.string),
                    "version": optional(version),
                ]
            )
            return JobFolder(path: file.removingLastComponent()).bytes(file.lastComponent?.string ?? "") ?? []
        }
    }

    /// The length and the SHA-256 of an object's body, for one too long to bring here.
    ///
    /// - Parameters:
    ///   - key: Its key.
    ///   - bucket: Its bucket.
    /// - Returns: The length, and the hash in hexadecimal.
    /// - Throws: ``OracleError``.
    package func digest(of key: String, in bucket: String) throws -> (size: Int, sha256: String) {
        let answer = try ask("digest", ["bucket": .string(bucket), "key": .string(key)]).objectValue
        return (answer?["size"]?.intValue ?? -1, answer?["sha256"]?.stringValue ?? "")
    }

    /// What HeadObject says of an object.
    ///
    /// - Parameters:
    ///   - key: Its key.
    ///   - bucket: Its bucket.
    /// - Returns: The answer, with the checksums.
    /// - Throws: ``OracleError``, `404` for one that is not there.
    package func head(_ key: String, in bucket: String) throws -> Head {
        let answer = try ask("head", ["bucket": .string(bucket), "key": .string(key)]).objectValue
        let members = answer?["headers"]?.objectValue?.members ?? []
        return Head(
            size: answer?["size"]?.intValue ?? -1,
            headers: Dictionary(members.map { ($0.name, $0.value.stringValue ?? "") }) { $1 }
        )
    }

    /// Every object below a prefix, in the server's order.
    ///
    /// - Parameters:
    ///   - bucket: The bucket.
    ///   - prefix: What the keys begin with.
    /// - Returns: All pages' entries.
    /// - Throws: ``OracleError``.
    package func list(_ bucket: String, prefix: String = "") throws -> [Entry] {
        let answer = try ask("list", ["bucket": .string(bucket), "prefix": .string(prefix)]).arrayValue ?? []
        return answer.compactMap(\.objectValue).map { item in
            Entry(
                key: item["key"]?.stringValue ?? "",
                size: item["size"]?.intValue ?? -1,
                etag: item["etag"]?.stringValue ?? ""
            )
        }
    }

    /// The multipart uploads under way in a bucket.
    ///
    /// - Parameter bucket: The bucket.
    /// - Returns: Each with its parts.
    /// - Throws: ``OracleError``.
    package func uploads(in bucket: String) throws -> [Upload] {
        let answer = try ask("uploads", ["bucket": .string(bucket)]).arrayValue ?? []
        return answer.compactMap(\.objectValue).map { item in
            let parts = item["parts"]?.arrayValue?.compactMap(\.objectValue) ?? []
            return Upload(
                key: item["key"]?.stringValue ?? "",
                id: item["id"]?.stringValue ?? "",
                parts: Dictionary(parts.map { ($0["number"]?.intValue ?? 0, $0["size"]?.intValue ?? -1) }) { $1 }
            )
        }
    }

    /// Deletes an object.
    ///
    /// - Parameters:
    ///   - key: Its key.
    ///   - bucket: Its bucket.
    /// - Throws: ``OracleError``; one that is not there is no error.
    package func delete(_ key: String, in bucket: String) throws {
        try call("delete_object", ["Bucket": .string(bucket), "Key": .string(key)])
    }

    /// Lets a bucket keep every version of its objects.
    ///
    /// - Parameter bucket: The bucket.
    /// - Throws: ``OracleError``.
    package func enableVersioning(of bucket: String) throws {
        let enabled: JSONObject = ["Status": "Enabled"]
        try call("put_bucket_versioning", ["Bucket": .string(bucket), "VersioningConfiguration": .object(enabled)])
    }

    /// Any operation of boto3's S3 client that takes and returns no body, such as `get_object_tagging`.
    ///
    /// - Parameters:
    ///   - operation: The method's name.
    ///   - arguments: Its arguments.
    /// - Returns: What it returns; times are text.
    /// - Throws: ``OracleError``.
    @discardableResult
    package func call(_ operation: String, _ arguments: JSONObject) throws -> JSONObject {
        try ask("call", ["operation": .string(operation), "arguments": .object(arguments)]).objectValue ?? [:]
    }

    /// Recomputes the signature of a request with botocore.
    ///
    /// Also looked at: that Host and every x-amz-* header are signed, and that x-amz-content-sha256 is the body's, when
    /// all of the body was recorded.
    ///
    /// - Parameters:
    ///   - request: A request that a ``FaultProxy`` or a ``ScriptedServer`` recorded.
    ///   - secret: The secret key that it must be signed with; nil is the server's.
    ///   - token: The session token it must carry; nil when it does not matter.
    /// - Returns: What is wrong; nil when all is right.
    /// - Throws: ``OracleError`` when it cannot be computed.
    package func signatureProblem(
        of request: RecordedRequest,
        secret: String? = nil,
        token: String? = nil
    ) throws -> String? {
        try withScratchFile(holding: request.body) { file in
            let isWhole = request.body.count == request.bodyCount && request.header("transfer-encoding") == nil
            let answer = try ask(
                "verify",
                [
                    "method": .string(request.method), "target": .string(request.target),
                    "headers": .array(request.headers.map { .array([.string($0.name), .string($0.value)]) }),
                    "secret": .string(secret ?? secretAccessKey), "body": optional(isWhole ? file.string : nil),
                    "token": optional(token),
                ]
            )
            return answer.stringValue
        }
    }

    private func ask(_ operation: String, _ arguments: JSONObject) throws -> JSONValue {
        var question = arguments
        question["op"] = .string(operation)
        let answer = try helper.ask(question)
        if let code = answer["error"]?.stringValue {
            throw OracleError(
                code: code,
                status: answer["status"]?.intValue ?? 0,
                message: answer["message"]?.stringValue ?? ""
            )
        }
        return answer["result"] ?? .null
    }

    private func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    private func withScratchFile<R>(holding bytes: [UInt8], _ body: (FilePath) throws -> R) rethrows -> R {
        let number = Self.fileNumber.add(1, ordering: .relaxed).newValue
        let folder = JobFolder(path: scratch)
        folder.write("bytes-\(number)", bytes)
        defer { folder.remove("bytes-\(number)") }
        return try body(scratch.appending("bytes-\(number)"))
    }
}

/// What the S3 server answered to the oracle instead of a success.
package struct OracleError: Error, CustomStringConvertible {
    /// The service's code, such as `NoSuchKey`; `404` for a HEAD.
    package let code: String
    /// The HTTP status; 0 when there was no answer.
    package let status: Int
    /// What boto3 says about it.
    package let message: String
    /// What boto3 says about it.
    package var description: String { message }
}
