import AWSRequests
import RunnerCore
import RunnerHTTP
import RunnerTestSupport
import Synchronization
import Testing

@testable import AWSCredentials

/// One folder of a suite: variables, files, recorded traffic and what comes of them.
struct RecordedCase: Sendable, CustomTestStringConvertible {
    /// The folder below the suites.
    let folder: String

    var testDescription: String { folder }

    /// The cases of some suites.
    static func all(in suites: [String]) -> [RecordedCase] {
        let cases = suites.flatMap { suite in
            Suites.names(in: suite).map { RecordedCase(folder: "\(suite)/\($0)") }
        }
        if !cases.isEmpty { print("\(suites.joined(separator: ", ")): \(counted(cases.count, "case"))") }
        return cases
    }

    /// Whether the suite is about the profile alone, whatever the environment holds.
    var isOfProfile: Bool { folder.hasPrefix("credentials-profile-provider") }

    /// The variables.
    var environment: [String: String] { file("env.json").texts }

    /// What comes of it.
    var result: Row { file("test-case.json").row("result") }

    /// Reads the case's files.
    var files: FileReader {
        { path in Suites.bytes("\(folder)/fs\(path.hasPrefix("/") ? path : "/" + path)") }
    }

    /// The recorded requests and answers.
    var exchanges: [Exchange] {
        var numbers: [Int] = []
        var exchanges: [Int: Exchange] = [:]
        for event in file("http-traffic.json").object["events"]?.arrayValue ?? [] {
            let row = Row(object: event.objectValue ?? [:])
            guard let number = row.object["connection_id"]?.intValue else { continue }
            if exchanges[number] == nil { numbers.append(number) }
            exchanges[number, default: Exchange()].add(row.row("action"))
        }
        return numbers.compactMap { exchanges[$0] }
    }

    private func file(_ name: String) -> Row {
        Row(object: Suites.json("\(folder)/\(name)").objectValue ?? [:])
    }
}

/// One recorded request and its answer.
struct Exchange: Sendable {
    private var method = ""
    private var address = ""
    private var headers: [String: String] = [:]
    private var body = ""
    private var answer: Answer?

    /// Adds what an event says.
    mutating func add(_ action: Row) {
        if action.has("Request") {
            let request = action.row("Request").row("request")
            method = request.texts["method"] ?? ""
            address = request.texts["uri"] ?? ""
            for member in request.row("headers").object.members {
                headers[member.name.lowercased()] = member.value.arrayValue?.first?.stringValue
            }
        } else if action.has("Response") {
            let response = action.row("Response").row("response").row("Ok")
            if let status = response.object["status"]?.intValue { answer = Answer(status: status) }
        } else if action.has("Data") {
            let text = action.row("Data").row("data").texts["Utf8"] ?? ""
            if action.row("Data").texts["direction"] == "Request" { body += text } else { answer?.body += text }
        }
    }

    /// Whether the recorded server had trouble.
    var isServerError: Bool { answer.map { $0.status >= 500 } ?? false }

    /// Compares the address with its query in any order, the form, and the headers that carry tokens.
    ///
    /// Recorded signatures are of keys that were replaced.
    func matches(_ request: HTTPRequest) -> Bool {
        let tokens = [
            "x-aws-ec2-metadata-token", "x-aws-ec2-metadata-token-ttl-seconds", "x-amz-sso_bearer_token",
        ]
        return method == request.method.rawValue
            && Self.parts(address) == Self.parts("\(request.origin)\(request.target)")
            && form(body) == form(request.text) && tokens.allSatisfy { headers[$0] == request.headers[$0] }
    }

    /// The recorded answer.
    func replay() throws -> Answer {
        guard let answer else { throw HTTPError(.connectionLost, "the recorded connection failed") }
        return answer
    }

    private static func parts(_ address: String) -> [String] {
        let pieces = address.split(separator: "?", maxSplits: 1)
        let path = pieces[0].hasSuffix("/") ? pieces[0].dropLast() : pieces[0]
        let query = pieces.count > 1 ? pieces[1].split(separator: "&").map(String.init).sorted() : []
        return [String(path)] + query
    }

    /// The fields without the name of the session, which each SDK makes up.
    ///
    /// Of web identities only the names: roles and tokens of the files were replaced after the recording.
    private func form(_ body: String) -> Set<Substring> {
        let fields = Set(body.split(separator: "&"))
        if fields.contains("Action=AssumeRoleWithWebIdentity") { return Set(fields.map { $0.prefix { $0 != "=" } }) }
        return fields.filter { !$0.hasPrefix("RoleSessionName=") }
    }
}

/// Replays recorded traffic, each answer once; but a server that had trouble goes on having it, however often one asks.
final class Recording: Sendable {
    private let exchanges: Mutex<(rest: [Exchange], used: [Exchange])>

    /// Makes a recording.
    init(_ exchanges: [Exchange]) {
        self.exchanges = Mutex((exchanges, []))
    }

    /// How many exchanges were not asked for.
    var unused: Int { exchanges.withLock { $0.rest.count } }

    /// The answer to a request.
    func answer(_ request: HTTPRequest) throws -> Answer {
        let exchange = exchanges.withLock { exchanges in
            guard let index = exchanges.rest.firstIndex(where: { $0.matches(request) }) else {
                return exchanges.used.last { $0.isServerError && $0.matches(request) }
            }
            exchanges.used.append(exchanges.rest.remove(at: index))
            return exchanges.used.last
        }
        guard let exchange else { throw HTTPError(.cannotConnect, "nothing is recorded for \(request.address)") }
        return try exchange.replay()
    }
}
