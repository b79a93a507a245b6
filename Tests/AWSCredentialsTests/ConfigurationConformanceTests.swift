import AWSEndpoints
import AWSRequests
import RunnerCore
import RunnerHTTP
import RunnerTestSupport
import Testing

@testable import AWSCredentials

/// Others' cases for where files, endpoints and services are.
@Suite struct ConfigurationConformanceTests {
    private static let locations = Suites.rows("tests", of: "credentials-tables/file-location-tests.json").filter {
        // The others speak of drives and of variables that Linux does not have.
        $0.object["platform"]?.stringValue == "linux"
    }

    @Test(.enabled(if: !locations.isEmpty, "\(Suites.absent)"), arguments: locations)
    func fileLocation(_ row: Row) throws {
        let configuration = try AWSConfiguration.load(environment: row.row("environment").texts, files: texts([:]))
        #expect(configuration.shared.configPath == (try row.text("configLocation")))
        #expect(configuration.shared.credentialsPath == (try row.text("credentialsLocation")))
        if let profile = row.object["profile"]?.stringValue { #expect(configuration.profileName == profile) }
    }

    private static let suites =
        Suites.json("credentials-endpoint-url/profile-tests.json").objectValue?["testSuites"]?.arrayValue?
        .compactMap(\.objectValue).map(Row.init) ?? []
    private static let endpoints = suites.flatMap { suite in
        (suite.object["endpointUrlTests"]?.arrayValue ?? []).compactMap(\.objectValue).map {
            EndpointCase(suite: suite, row: Row(object: $0))
        }
    }

    @Test(.enabled(if: !endpoints.isEmpty, "\(Suites.absent)"), arguments: endpoints)
    func endpointURL(_ test: EndpointCase) throws {
        let row = test.row
        let option = test.suite.row("client_configs").row(try row.text("client_config"))
        let expected = try row.row("output").text("endpointUrl")
        if let given = option.object["endpoint_url"]?.stringValue {
            // An address given as an option wins before the settings are asked, whatever they say.
            #expect(given == expected)
            return
        }
        var environment = test.suite.row("environments").row(try row.text("environment")).texts
        environment["AWS_PROFILE"] = try row.text("profile")
        if option.object["ignore_configured_endpoint_urls"]?.boolValue == true {
            environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
        }
        let configuration = try settings(environment, config: test.config)
        let service = try row.text("service")
        // Without a configured one the row has the service's own.
        let ownEndpoint = "https://\(service).\(configuration.region ?? "").amazonaws.com"
        #expect((configuration.endpointURL(service: service) ?? ownEndpoint) == expected)
    }

    private static let metadata = Suites.rows("tests", of: "credentials-tables/imds-endpoint-tests.json")

    @Test(.enabled(if: !metadata.isEmpty, "\(Suites.absent)"), arguments: metadata)
    func metadataEndpoint(_ row: Row) async throws {
        var environment = row.row("env").texts
        // An address given in code; we have no such option, and the variable comes before the file in the same way.
        environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] =
            row.object["endpoint_override"]?.stringValue ?? environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
        environment["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] =
            row.object["mode_override"]?.stringValue ?? environment["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"]
        let configuration = try AWSConfiguration.load(environment: environment, files: texts(row.row("fs").texts))
        let transport = StubTransport()
        let source = InstanceMetadata(configuration: configuration, sender: .stub(transport), now: { .testing })
        if let expected = row.row("result").texts["Ok"] {
            guard case .absent = try await source.load() else {
                Issue.record("nobody answers, but there is a credential")
                return
            }
            #expect(transport.requests.map(\.line) == ["PUT \(expected)"])
        } else {
            await #expect(throws: CredentialError.self) { try await source.load() }
            #expect(transport.requests.isEmpty)
        }
    }

    private static let container = Suites.rows("tests", of: "credentials-tables/ecs-tests.json")

    @Test(.enabled(if: !container.isEmpty, "\(Suites.absent)"), arguments: container)
    func containerEndpoint(_ row: Row) async throws {
        let transport = StubTransport { _ in Answer(body: containerAnswer) }
        let source = ContainerCredentials(
            environment: row.row("env").texts,
            files: texts([:]),
            sender: .stub(transport)
        )
        if let expected = row.row("result").texts["Ok"] {
            guard case .found = try await source.load() else {
                Issue.record("the endpoint was not asked")
                return
            }
            #expect(transport.requests.map(\.line) == ["GET \(expected)"])
            if let token = row.object["auth"]?.stringValue {
                #expect(transport.requests.first?.headers["Authorization"] == token)
            }
        } else if case .found? = try? await source.load() {
            Issue.record("the endpoint was asked")
        }
    }
}

/// One row of the table of endpoints with what it refers to.
struct EndpointCase: Sendable, CustomTestStringConvertible {
    let suite: Row
    let row: Row

    var testDescription: String { row.description }

    /// The profiles and services of the suite as a config file.
    var config: String {
        let profiles = suite.row("profiles").object.members.map { member in
            let lines = Row(object: member.value.objectValue ?? [:]).texts.map { "\($0) = \($1)" }
            return "[profile \(member.name)]\n" + lines.joined(separator: "\n")
        }
        let services = suite.row("services").object.members.map { member in
            let sections = (member.value.objectValue ?? [:]).members.map { service in
                let lines = Row(object: service.value.objectValue ?? [:]).texts.map { "  \($0) = \($1)" }
                return "\(service.name) =\n" + lines.joined(separator: "\n")
            }
            return "[services \(member.name)]\n" + sections.joined(separator: "\n")
        }
        return (profiles + services).joined(separator: "\n")
    }
}

/// What the container endpoint answers in tests.
let containerAnswer = """
    {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "container-secret", "Token": "container-token", \
    "Expiration": "2009-02-14T05:00:00Z"}
    """
