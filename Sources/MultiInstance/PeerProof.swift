import Crypto

/// What proves that a host knows the job's secret, and that nobody changed what it said.
///
/// Both sides send a random challenge and answer the other's with an HMAC-SHA256 under the secret, the worker first: a
/// stranger learns no answer. The keys of the two directions are derived from secret and challenges, and each frame
/// carries an HMAC over its number and content, so that nothing can be changed, left out, repeated or sent back. What
/// is said is not hidden; nothing secret is ever said.
package struct PeerProof: Sendable {
    /// How long a challenge and an answer are.
    package static let size = 32
    /// What a connection begins with, in both directions.
    package static let greeting = Array("braket-runner 1\n".utf8)

    private let secret: SymmetricKey
    private let transcript: [UInt8]

    /// Makes the proof of one connection.
    ///
    /// - Parameters:
    ///   - secret: The job's secret.
    ///   - leader: The leader's challenge.
    ///   - worker: The worker's challenge.
    ///   - rank: The rank that the worker says it has.
    package init(secret: [UInt8], leader: [UInt8], worker: [UInt8], rank: UInt16) {
        self.secret = SymmetricKey(data: secret)
        transcript = leader + worker + [UInt8(rank >> 8), UInt8(rank & 0xff)]
    }

    /// A challenge.
    package static func challenge() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// The worker's answer.
    package var workerAnswer: [UInt8] { code("worker") }
    /// The leader's answer.
    package var leaderAnswer: [UInt8] { code("leader") }
    /// Authenticates what the worker sends.
    package var workerFrames: FrameSeal { FrameSeal(key: code("from worker")) }
    /// Authenticates what the leader sends.
    package var leaderFrames: FrameSeal { FrameSeal(key: code("from leader")) }

    /// Whether an answer is the worker's, without telling by its time how much of it is right.
    package func isWorkerAnswer(_ answer: [UInt8]) -> Bool { isCode(answer, "worker") }

    /// Whether an answer is the leader's.
    package func isLeaderAnswer(_ answer: [UInt8]) -> Bool { isCode(answer, "leader") }

    private func code(_ label: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(label.utf8) + [0] + transcript, using: secret))
    }

    private func isCode(_ answer: [UInt8], _ label: String) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(
            answer,
            authenticating: Array(label.utf8) + [0] + transcript,
            using: secret
        )
    }

    /// A secret made of what all hosts of a job know alike, where nobody gave them one.
    ///
    /// - Parameter texts: The texts, in one order on all hosts.
    /// - Returns: The secret.
    package static func derivedSecret(_ texts: [String]) -> [UInt8] {
        var hash = SHA256()
        for text in texts {
            hash.update(data: Array("\(text.utf8.count):".utf8))
            hash.update(data: Array(text.utf8))
        }
        return Array(hash.finalize())
    }
}

/// Numbers and authenticates the frames of one direction: four bytes of length, the content, its code.
package struct FrameSeal: Sendable {
    /// The longest content; a host's part of the record is below it.
    package static let mostBytes = 1 << 20

    private let key: SymmetricKey
    private var number: UInt64 = 0

    /// Makes the seal of a direction.
    init(key: [UInt8]) {
        self.key = SymmetricKey(data: key)
    }

    /// The frame of a content.
    package mutating func seal(_ content: [UInt8]) -> [UInt8] {
        let length = UInt32(content.count)
        let header = (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32($0))) }
        return header + content + HMAC<SHA256>.authenticationCode(for: numbered(content), using: key)
    }

    /// How long the content of a frame is.
    ///
    /// - Parameter header: Its first four bytes.
    /// - Returns: nil for a length that no frame has.
    package static func length(_ header: [UInt8]) -> Int? {
        let length = header.reduce(0) { $0 << 8 | Int($1) }
        return header.count == 4 && length <= mostBytes ? length : nil
    }

    /// Whether a content came as it was sent, and in its turn.
    package mutating func opens(_ content: [UInt8], code: [UInt8]) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: numbered(content), using: key)
    }

    private mutating func numbered(_ content: [UInt8]) -> [UInt8] {
        defer { number += 1 }
        return (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) } + content
    }
}
