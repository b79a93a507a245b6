package import RunnerCore

/// A stop of all hosts: why, and how long scripts have.
package struct StopOrder: Hashable, Sendable {
    /// Why, as a sentence without its full stop.
    package var reason: String
    /// The host that it began on.
    package var host: String
    /// How long scripts have from now until they are killed, in milliseconds.
    package var milliseconds: Int
    /// Whether nothing is wrong: the ranks' engine has ended on the leader.
    package var isEnd = false

    /// Makes an order.
    package init(reason: String, host: String, milliseconds: Int) {
        self.reason = reason
        self.host = host
        self.milliseconds = milliseconds
    }
}

/// How the work of one host ended.
package struct HostEnd: Hashable, Sendable {
    /// Why it failed; nil when it did not.
    package var failure: Failure?
    /// When it began to end, by its own monotonic clock, in nanoseconds.
    package var at: Int64
    /// Whether it ended because another host had it stopped: then its failure is no cause.
    package var wasTold = false

    /// A failure in the words of the host it happened on.
    package struct Failure: Hashable, Sendable {
        /// What went wrong, as the record's word.
        package var kind: String
        /// What the host would have ended with by itself.
        package var exitCode: Int32
        /// The first line of its failure file.
        package var firstLine: String
        /// One sentence.
        package var sentence: String
        /// What else a person needs.
        package var details: [String] = []
        /// The rank that failed; nil when the host as a whole did.
        package var rank: Int?
        /// `runner.verdict` of its record.
        package var verdict = JSONObject()

        /// Makes a failure.
        package init(kind: String, exitCode: Int32, firstLine: String, sentence: String) {
            self.kind = kind
            self.exitCode = exitCode
            self.firstLine = firstLine
            self.sentence = sentence
        }
    }

    /// Makes an end.
    package init(failure: Failure?, at: Int64) {
        self.failure = failure
        self.at = at
    }
}

/// How the job ended, as all hosts are told.
package struct JobEnd: Hashable, Sendable {
    /// What failed first; nil when all hosts succeeded.
    package var failure: HostEnd.Failure?
    /// The host that failed first.
    package var host: String?
    /// When, by the leader's clock, in milliseconds since 1970.
    package var milliseconds: Int64 = 0

    /// Makes the end of a job that succeeded.
    package init() {}
}

/// What the hosts of a job say to each other.
package enum PeerMessage: Hashable, Sendable {
    /// A worker is there: its version.
    case hello(version: String)
    /// The leader's answer: its version, and the public key that opens the workers' ssh servers.
    case welcome(version: String, publicKey: String)
    /// Everything before the script's first line is done; the ssh server's public key and port, where there is one.
    case ready(hostKey: String, port: Int)
    /// All are ready.
    case start
    /// Still there; the sender's monotonic clock in nanoseconds.
    case heartbeat(sent: Int64)
    /// The answer to a heartbeat: its clock, and the answering host's.
    case echo(sent: Int64, own: Int64)
    /// Asks the leader for a stop of the job.
    case stopRequest(StopOrder)
    /// Ends the scripts.
    case stop(StopOrder)
    /// A host's work has ended.
    case end(HostEnd)
    /// All hosts' work has ended, and so.
    case verdict(JobEnd)
    /// Up to where a host has stored its part of the checkpoints.
    case checkpoints(JSONObject)
    /// A set of checkpoints of all hosts was made, or there will be none any more.
    case checkpointSet(JSONObject)
    /// A host has stored what it has to store; its part of the record.
    case stored(JSONObject)
    /// The job is over; what every host ends with.
    case done(exitCode: Int32)
}

extension PeerMessage {
    /// The message as a JSON object.
    package var json: JSONObject {
        switch self {
        case .hello(let version): ["type": "hello", "version": .string(version)]
        case .welcome(let version, let key):
            ["type": "welcome", "version": .string(version), "key": .string(key)]
        case .ready(let key, let port):
            ["type": "ready", "key": .string(key), "port": .number(JSONNumber(port))]
        case .start: ["type": "start"]
        case .heartbeat(let sent): ["type": "heartbeat", "sent": .number(JSONNumber(sent))]
        case .echo(let sent, let own):
            ["type": "echo", "sent": .number(JSONNumber(sent)), "own": .number(JSONNumber(own))]
        case .stopRequest(let order): ["type": "stop-request", "order": .object(order.json)]
        case .stop(let order): ["type": "stop", "order": .object(order.json)]
        case .end(let end): ["type": "end", "end": .object(end.json)]
        case .verdict(let end): ["type": "verdict", "end": .object(end.json)]
        case .checkpoints(let part): ["type": "checkpoints", "part": .object(part)]
        case .checkpointSet(let set): ["type": "checkpoint-set", "set": .object(set)]
        case .stored(let part): ["type": "stored", "part": .object(part)]
        case .done(let code): ["type": "done", "code": .number(JSONNumber(Int(code)))]
        }
    }

    /// Reads a message.
    ///
    /// - Parameter json: What came; nil when it is no message of this version.
    package init?(_ json: JSONObject) {
        let message: PeerMessage? =
            switch json["type"]?.stringValue {
            case "hello": json.text("version").map { .hello(version: $0) }
            case "welcome":
                json.text("version").flatMap { version in
                    json.text("key").map { .welcome(version: version, publicKey: $0) }
                }
            case "ready": json.text("key").map { .ready(hostKey: $0, port: json["port"]?.intValue ?? 0) }
            case "start": .start
            case "heartbeat": json.integer("sent").map { .heartbeat(sent: $0) }
            case "echo": json.integer("sent").flatMap { sent in json.integer("own").map { .echo(sent: sent, own: $0) } }
            case "stop-request": json["order"]?.objectValue.flatMap(StopOrder.init).map { .stopRequest($0) }
            case "stop": json["order"]?.objectValue.flatMap(StopOrder.init).map { .stop($0) }
            case "end": json["end"]?.objectValue.flatMap(HostEnd.init).map { .end($0) }
            case "verdict": json["end"]?.objectValue.map { .verdict(JobEnd($0)) }
            case "checkpoints": json["part"]?.objectValue.map { .checkpoints($0) }
            case "checkpoint-set": json["set"]?.objectValue.map { .checkpointSet($0) }
            case "stored": json["part"]?.objectValue.map { .stored($0) }
            case "done": json.integer("code").flatMap(Int32.init(exactly:)).map { .done(exitCode: $0) }
            default: nil
            }
        guard let message else { return nil }
        self = message
    }
}

extension StopOrder {
    fileprivate var json: JSONObject {
        [
            "reason": .string(reason), "host": .string(host), "milliseconds": .number(JSONNumber(milliseconds)),
            "isEnd": .bool(isEnd),
        ]
    }

    fileprivate init?(_ json: JSONObject) {
        guard let reason = json.text("reason"), let host = json.text("host"),
            let milliseconds = json["milliseconds"]?.intValue
        else { return nil }
        self.init(reason: reason, host: host, milliseconds: milliseconds)
        isEnd = json["isEnd"]?.boolValue ?? false
    }
}

extension HostEnd {
    fileprivate var json: JSONObject {
        [
            "failure": failure.map { .object($0.json) } ?? .null, "at": .number(JSONNumber(at)),
            "wasTold": .bool(wasTold),
        ]
    }

    fileprivate init?(_ json: JSONObject) {
        guard let at = json.integer("at") else { return nil }
        self.init(failure: json["failure"]?.objectValue.flatMap(Failure.init), at: at)
        wasTold = json["wasTold"]?.boolValue ?? false
    }
}

extension HostEnd.Failure {
    fileprivate var json: JSONObject {
        [
            "kind": .string(kind), "exitCode": .number(JSONNumber(Int(exitCode))), "firstLine": .string(firstLine),
            "sentence": .string(sentence), "details": .array(details.map(JSONValue.string)),
            "rank": rank.map { .number(JSONNumber($0)) } ?? .null, "verdict": .object(verdict),
        ]
    }

    fileprivate init?(_ json: JSONObject) {
        guard let kind = json.text("kind"), let code = json.integer("exitCode").flatMap(Int32.init(exactly:)),
            let firstLine = json.text("firstLine"), let sentence = json.text("sentence")
        else { return nil }
        self.init(kind: kind, exitCode: code, firstLine: firstLine, sentence: sentence)
        details = (json["details"]?.arrayValue ?? []).compactMap(\.stringValue)
        rank = json["rank"]?.intValue
        verdict = json["verdict"]?.objectValue ?? [:]
    }
}

extension JobEnd {
    fileprivate var json: JSONObject {
        [
            "failure": failure.map { .object($0.json) } ?? .null, "host": host.map(JSONValue.string) ?? .null,
            "milliseconds": .number(JSONNumber(milliseconds)),
        ]
    }

    fileprivate init(_ json: JSONObject) {
        failure = json["failure"]?.objectValue.flatMap(HostEnd.Failure.init)
        host = json.text("host")
        milliseconds = json.integer("milliseconds") ?? 0
    }
}

extension JSONObject {
    fileprivate func text(_ name: String) -> String? { self[name]?.stringValue }

    fileprivate func integer(_ name: String) -> Int64? { self[name]?.intValue.map(Int64.init) }
}
