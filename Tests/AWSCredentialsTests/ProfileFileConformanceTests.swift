import RunnerCore
import RunnerTestSupport
import Testing

@testable import AWSCredentials

/// Others' cases for the shared files.
@Suite struct ProfileFileConformanceTests {
    private static let rows = Suites.rows("tests", of: "credentials-tables/profile-parser-tests.json")

    @Test(.enabled(if: !rows.isEmpty, "\(Suites.absent)"), arguments: rows)
    func parserRow(_ row: Row) throws {
        let input = row.row("input").texts
        let output = row.row("output")
        let read = { (environment: [String: String]) throws(CredentialError) in
            try SharedConfiguration(
                environment: environment,
                files: texts(["/config": input["configFile"] ?? "", "/credentials": input["credentialsFile"] ?? ""])
            )
        }
        let environment = ["AWS_CONFIG_FILE": "/config", "AWS_SHARED_CREDENTIALS_FILE": "/credentials"]
        if let words = output.object["errorContaining"]?.stringValue {
            let error = #expect(throws: CredentialError.self) { try read(environment) }
            let message = try #require(error?.message)
            // The words are the Rust SDK's; where we say the same in other words, only the kind counts.
            let known = ["Expected a profile definition", "Expected a property definition", "Expected an '=' sign"]
            if let phrase = known.first(where: { words.hasPrefix($0) }) {
                #expect(message.lowercased().contains(phrase.lowercased()))
            }
            #expect(message.contains("line "))
            return
        }
        let shared = try read(environment)
        let expected = output.row("config")
        let names = Set(shared.config.profiles.keys).union(shared.credentials.profiles.keys)
        #expect(names == Set(expected.row("profiles").object.names))
        for name in names {
            #expect(shared.profile(name) == expected.row("profiles").row(name).texts)
        }
        #expect(Set(shared.config.ssoSessions.keys) == Set(expected.row("sso_sessions").object.names))
        for (name, session) in shared.config.ssoSessions {
            #expect(session == expected.row("sso_sessions").row(name).texts)
        }
    }

    private static let oracle = Suites.json("credentials-botocore-cfg/expected.json").objectValue?["files"]?.objectValue

    @Test(.enabled(if: oracle != nil, "\(Suites.absent)"), arguments: oracle?.names ?? [])
    func fileThatBotocoreReads(_ name: String) throws {
        let expected = Row(object: try #require(Self.oracle)).row(name)
        let bytes = try #require(Suites.bytes("credentials-botocore-cfg/\(name)"))
        guard expected.object["ok"]?.boolValue == true else {
            #expect(throws: CredentialError.self) { try ProfileFileParser.parse(bytes, .config, path: name) }
            return
        }
        let file = try ProfileFileParser.parse(bytes, .config, path: name)
        let config = expected.row("load_config")
        try expectSame(file.profiles, config.row("profiles"))
        try expectSame(file.ssoSessions, config.row("sso_sessions"))
        try expectSame(file.services, config.row("services"))
    }

    private func expectSame(_ sections: [String: ProfileFile.Settings], _ expected: Row) throws {
        #expect(Set(sections.keys) == Set(expected.object.names))
        for (section, settings) in sections {
            let members = expected.row(section)
            #expect(Set(settings.keys) == Set(members.object.names))
            for (name, value) in settings {
                if members.row(name).object.isEmpty {
                    #expect(value == (try members.text(name)))
                } else {
                    #expect(ProfileFile.nested(in: value) == members.row(name).texts)
                }
            }
        }
    }

    private static let corpus = ["parse_config_profile", "parse_credentials_profile"].flatMap { folder in
        Suites.names(in: "credentials-fuzz-corpus/\(folder)").map { "credentials-fuzz-corpus/\(folder)/\($0)" }
    }

    @Test(.enabled(if: !corpus.isEmpty, "\(Suites.absent)"), .timeLimit(.minutes(15)), arguments: corpus)
    func corpusNeitherCrashesNorHangs(_ name: String) throws {
        let bytes = try #require(Suites.bytes(name))
        for kind in [ProfileFile.Kind.config, .credentials] {
            for length in 0...bytes.count {
                do {
                    _ = try ProfileFileParser.parse(Array(bytes[..<length]), kind, path: name)
                } catch {
                    #expect(error.code == .invalidConfiguration)
                }
            }
        }
    }
}
