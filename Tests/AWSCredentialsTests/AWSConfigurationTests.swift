import Testing

@testable import AWSCredentials

@Suite struct AWSConfigurationTests {
    @Test(
        arguments: [
            (["AWS_REGION": "r1", "AWS_DEFAULT_REGION": "r2"], "r1"),
            (["AWS_REGION": " ", "AWS_DEFAULT_REGION": "r2"], "r2"),
            ([:], "r3"),
            (["AWS_PROFILE": "other"], nil),
        ] as [([String: String], String?)]
    )
    func region(_ environment: [String: String], _ expected: String?) throws {
        #expect(
            try settings(environment, config: "[default]\nregion = r3\n[profile other]\nregion =\n").region == expected
        )
    }

    @Test func whatTheProfileSays() throws {
        let configuration = try settings(
            config: """
                [default]
                use_dualstack_endpoint = True
                use_fips_endpoint = true
                ca_bundle = ~/ca.pem
                max_attempts = 7
                services = local
                s3 =
                  addressing_style = path
                  payload_signing_enabled = true
                [services local]
                s3 =
                  endpoint_url = http://127.0.0.1:9000
                sts =
                  endpoint_url = http://127.0.0.1:9001
                """
        )
        #expect(configuration.useDualStack)
        #expect(configuration.useFIPS)
        #expect(configuration.caBundle == "/home/ca.pem")
        #expect(configuration.maxAttempts == 7)
        #expect(configuration.s3AddressingStyle == .path)
        #expect(configuration.s3PayloadSigning == true)
        #expect(configuration.s3EndpointURL == "http://127.0.0.1:9000")
        #expect(configuration.stsEndpointURL == "http://127.0.0.1:9001")
    }

    @Test func variablesComeBeforeTheProfile() throws {
        let configuration = try settings(
            ["AWS_USE_FIPS_ENDPOINT": "false", "AWS_CA_BUNDLE": "/env.pem", "AWS_MAX_ATTEMPTS": "2"],
            config: "[default]\nuse_fips_endpoint = true\nca_bundle = /file.pem\nmax_attempts = 7\n"
        )
        #expect(!configuration.useFIPS)
        #expect(configuration.caBundle == "/env.pem")
        #expect(configuration.maxAttempts == 2)
    }

    @Test func withoutAnythingTheDefaultsHold() throws {
        let configuration = try settings()
        #expect(configuration.region == nil)
        #expect(!configuration.useDualStack && !configuration.useFIPS)
        #expect(configuration.caBundle == nil && configuration.maxAttempts == nil)
        #expect(configuration.s3AddressingStyle == .auto && configuration.s3PayloadSigning == nil)
        #expect(configuration.s3EndpointURL == nil && configuration.stsEndpointURL == nil)
        #expect(configuration.profileName == "default")
    }

    @Test(arguments: [
        (["AWS_MAX_ATTEMPTS": "many"], "", "AWS_MAX_ATTEMPTS"),
        ([:], "max_attempts = 0", "max_attempts"),
        ([:], "s3 =\n  addressing_style = sideways", "addressing_style is sideways"),
        ([:], "broken", "/home/.aws/config, line 2: expected an '='"),
    ])
    func whatCannotBe(_ environment: [String: String], _ text: String, _ words: String) {
        let error = #expect(throws: CredentialError.self) { try settings(environment, config: "[default]\n" + text) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(words) == true)
    }

    @Test func aFileThatCannotBeReadIsAnError() {
        struct Denied: Error {}
        #expect(throws: CredentialError.self) {
            try AWSConfiguration.load(environment: ["HOME": "/home"], files: { _ in throw Denied() })
        }
    }

    @Test func nothingOfTheEnvironmentIsShown() throws {
        let configuration = try settings(
            ["AWS_SECRET_ACCESS_KEY": "hidden-value"],
            config: "[default]\naws_secret_access_key = hidden-value\n"
        )
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in [dumped, "\(configuration)", String(reflecting: configuration)] {
            #expect(!text.contains("hidden-value"))
        }
    }

    @Test func commentsAndBlanksBelowANestedSettingAreNoSettings() throws {
        let configuration = try settings(
            config: "\u{feff}[default]\n  # indented\ns3 =\n\n  # why\n  addressing_style=virtual\n"
        )
        #expect(configuration.s3AddressingStyle == .virtual)
    }
}
