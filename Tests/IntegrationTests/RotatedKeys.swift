import RunnerCore
import RunnerTestSupport
import Synchronization

/// Keys of a few seconds, one after the other, all known to the S3 server: what a `credential_process` gives.
final class RotatedKeys: Sendable {
    private static let lifeSeconds: Int64 = 3

    private let seen: Mutex<Set<String>>
    private let ids: [String]
    /// The variables that lead to the keys.
    let environment: [String: String]

    /// Makes the process and its profile in a job's folder.
    init(_ server: S3Server, in folder: JobFolder) {
        ids = server.moreAccessKeyIDs
        seen = Mutex([])
        folder.write(
            "keys/print",
            """
            #!/bin/sh
            period=$(($(date +%s) / \(Self.lifeSeconds)))
            end=$(date -u -d @$(((period + 1) * \(Self.lifeSeconds))) +%Y-%m-%dT%H:%M:%SZ)
            set -- \(ids.joined(separator: " "))
            shift $((period % $#))
            echo "{\\"Version\\": 1, \\"AccessKeyId\\": \\"$1\\", \\"SecretAccessKey\\": \\"\(server.secretAccessKey)\\","
            echo "\\"Expiration\\": \\"$end\\"}"

            """,
            mode: 0o755
        )
        folder.write("keys/config", "[profile rotated]\ncredential_process = \"\(folder.at("keys/print"))\"\n")
        environment = ["AWS_PROFILE": "rotated", "AWS_CONFIG_FILE": folder.at("keys/config")]
    }

    /// The keys that signed an accepted request.
    var used: Set<String> { seen.withLock { $0 } }

    /// Whether a request is signed with the key of this moment, or with the one before, which may have been under way.
    func accepts(_ request: RecordedRequest) -> Bool {
        let authorization = request.header("authorization") ?? ""
        let now = Timestamp.now().milliseconds / 1000 / Self.lifeSeconds
        for period in [now, now - 1] {
            let id = ids[Int(period) % ids.count]
            guard authorization.contains("=\(id)/") else { continue }
            _ = seen.withLock { $0.insert(id) }
            return true
        }
        return false
    }
}
