import AWSSigning
import RunnerCore
import RunnerTestSupport
import Synchronization

/// Amazon Braket on loopback: it plays answers in the shapes of the service's model, and takes no request whose
/// signature is not the one of its bytes.
struct BraketDouble: Sendable {
    /// The keys of the tests; the secret holds `planted`, so that a search finds what leaks.
    static let credential = AWSCredential(accessKeyID: "AKIATEST", secretAccessKey: "planted/secret+of=test")
    /// A QPU of another region than the configured one.
    static let device = "arn:aws:braket:us-east-1::device/qpu/ionq/Aria-1"
    /// The job that CreateJob makes.
    static let job = "arn:aws:braket:us-west-2:123456789012:job/1f2e"

    /// What it answers.
    struct Script: Sendable {
        /// The device's status.
        var deviceStatus = "ONLINE"
        /// GetJob's answers in order, the last one again and again: the members beside those that every job has; one
        /// with a `code` is an error of that word.
        var jobs: [JSONObject] = [["status": "COMPLETED"]]
        /// Errors in place of answers, by the beginning of the path.
        var errors: [String: (status: Int, word: String)] = [:]
    }

    private let server: ScriptedServer
    private let credential: AWSCredential

    /// Starts the service.
    ///
    /// - Parameters:
    ///   - script: What it answers.
    ///   - credential: The keys it knows.
    /// - Throws: `TestServerError` when no port can be had.
    init(_ script: Script = Script(), credential: AWSCredential = Self.credential) throws {
        self.credential = credential
        let jobsTold = Counter()
        server = try ScriptedServer { request in
            if let fault = Self.fault(of: request, credential) {
                return Self.error(403, "InvalidSignatureException", fault)
            }
            for (path, error) in script.errors where request.path.hasPrefix(path) {
                return Self.error(error.status, error.word, "as the test says")
            }
            return Self.answer(request, script, jobsTold)
        }
    }

    /// What was asked so far.
    var requests: [RecordedRequest] { server.requests }

    /// The body of CreateJob; nil when none came.
    var created: JSONObject? {
        // A body that is no JSON is none that was created.
        requests.last { $0.method == "POST" && $0.path == "/job" }
            .flatMap { (try? JSONText.parse($0.body))?.objectValue }
    }

    /// Ends the service.
    func stop() { server.stop() }

    /// The variables that lead the program under test to it, and to nothing else.
    var environment: [String: String] {
        [
            "AWS_ENDPOINT_URL_BRAKET": server.endpoint, "AWS_REGION": "us-west-2",
            "AWS_ACCESS_KEY_ID": credential.accessKeyID, "AWS_SECRET_ACCESS_KEY": credential.secretAccessKey,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1",
        ]
    }

    // MARK: Answers

    private static func answer(_ request: RecordedRequest, _ script: Script, _ jobsTold: Counter) -> ScriptedAnswer {
        let parts = request.path.split(separator: "/").map(String.init)
        switch (request.method, parts.first, parts.count) {
        case ("GET", "job", 2):
            let members = script.jobs[min(jobsTold.next(), script.jobs.count) - 1]
            guard let word = members["code"]?.stringValue else { return json(200, job(members)) }
            return error(members["status"]?.intValue ?? 500, word, "as the test says")
        case ("POST", "job", 1): return json(201, ["jobArn": .string(job)])
        case ("PUT", "job", 3) where parts[2] == "cancel":
            return json(200, ["jobArn": .string(job), "cancellationStatus": "CANCELLING"])
        case ("GET", "device", 2): return json(200, device(script.deviceStatus))
        case ("GET", "quantum-task", 2):
            return json(
                200,
                [
                    "quantumTaskArn": "arn:aws:braket:us-west-2:123456789012:quantum-task/t", "status": "QUEUED",
                    "deviceArn": .string(device), "shots": 100, "deviceParameters": "{}", "outputS3Bucket": "bucket",
                    "outputS3Directory": "tasks/t", "createdAt": "2026-11-27T10:00:00Z",
                    "queueInfo": ["queue": "QUANTUM_TASKS_QUEUE", "position": "7", "queuePriority": "Normal"],
                ]
            )
        case ("POST", "devices", 1):
            return json(200, ["devices": [.object(device(script.deviceStatus)), .object(retired)]])
        default: return error(404, "ResourceNotFoundException", "no such operation: \(request.method) \(request.path)")
        }
    }

    private static func job(_ members: JSONObject) -> JSONObject {
        var answer: JSONObject = [
            "jobArn": .string(job), "jobName": "bell", "roleArn": "arn:aws:iam::123456789012:role/r",
            "outputDataConfig": ["s3Path": "s3://bucket/out"], "createdAt": "2026-11-27T10:00:00Z",
            "algorithmSpecification": ["scriptModeConfig": ["entryPoint": "qaoa.main", "s3Uri": "s3://bucket/x"]],
            "instanceConfig": ["instanceType": "ml.m5.large", "volumeSizeInGb": 30],
            "deviceConfig": ["device": .string(device)], "memberOfTomorrow": "kept",
        ]
        for member in members.members { answer[member.name] = member.value }
        return answer
    }

    private static func device(_ status: String) -> JSONObject {
        [
            "deviceArn": .string(device), "deviceName": "Aria 1", "providerName": "IonQ", "deviceType": "QPU",
            "deviceStatus": .string(status), "deviceCapabilities": "{}",
            "deviceQueueInfo": [
                ["queue": "QUANTUM_TASKS_QUEUE", "queueSize": "12", "queuePriority": "Normal"],
                ["queue": "JOBS_QUEUE", "queueSize": "3"],
            ],
        ]
    }

    private static let retired: JSONObject = [
        "deviceArn": "arn:aws:braket:us-west-1::device/qpu/rigetti/Old", "deviceStatus": "RETIRED",
        "deviceName": "Old", "providerName": "Rigetti", "deviceType": "QPU",
    ]

    private static func json(_ status: Int, _ object: JSONObject) -> ScriptedAnswer {
        .http(status, headers: [("Content-Type", "application/json")], text: JSONValue.object(object).serialized())
    }

    private static func error(_ status: Int, _ word: String, _ message: String) -> ScriptedAnswer {
        .http(
            status,
            headers: [("x-amzn-ErrorType", "\(word):http://internal.amazon.com/"), ("x-amzn-RequestId", "TEST")],
            text: JSONValue.object(["message": .string(message)]).serialized()
        )
    }

    // MARK: Signatures

    /// What is wrong with a request's signature; nil when it is the one that its bytes and the known secret give.
    private static func fault(of request: RecordedRequest, _ credential: AWSCredential) -> String? {
        guard let given = request.header("authorization"), let time = request.header("x-amz-date"),
            let scope = given.firstPart(between: "Credential=\(credential.accessKeyID)/", and: ","),
            let names = given.firstPart(between: "SignedHeaders=", and: ","), let moment = moment(time)
        else { return "not signed with the known key" }
        let parts = scope.split(separator: "/").map(String.init)
        guard parts.count == 4, parts[2] == "braket", names.contains("host") else { return "signed for \(scope)" }
        let own: Set = ["x-amz-date", "x-amz-security-token"]
        let headers = names.split(separator: ";").map(String.init).filter { !own.contains($0) }
            .map { ($0, request.header($0) ?? "") }
        let expected = SigV4Signer(credential: credential, region: parts[1], service: "braket", path: .twice)
            .sign(
                method: request.method,
                path: request.path,
                query: request.query,
                headers: headers,
                payloadHash: PayloadHash.of(request.body),
                at: moment
            )
            .first { $0.name == "Authorization" }?.value
        return expected == given ? nil : "another signature: \(expected ?? "-") expected, \(given) given"
    }

    /// `20261127T100000Z` as a moment.
    private static func moment(_ text: String) -> Timestamp? {
        let digits = Array(text)
        guard digits.count == 16 else { return nil }
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return Timestamp(
            iso8601: "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z"
        )
    }
}

/// Counts from 1.
private final class Counter: Sendable {
    private let value = Mutex(0)

    func next() -> Int {
        value.withLock { value in
            value += 1
            return value
        }
    }
}

extension String {
    /// The text behind the first `start` and before the next `end`, or the text's own end.
    fileprivate func firstPart(between start: String, and end: String) -> String? {
        guard let begin = firstRange(of: start)?.upperBound else { return nil }
        let rest = self[begin...]
        return String(rest.firstRange(of: end).map { rest[..<$0.lowerBound] } ?? rest)
    }
}
