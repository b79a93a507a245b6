import RunnerCore

/// Settings of AWS from the environment and from the profile in use, as boto3 would find them.
///
/// It holds what the environment holds, keys included, and therefore shows nothing of itself.
package struct AWSConfiguration: Sendable, CustomStringConvertible, CustomReflectable {
    /// How S3 buckets are addressed, by `addressing_style` below `s3 =` of the profile.
    package enum AddressingStyle: String, Sendable {
        /// By the bucket's name.
        case auto
        /// In the path.
        case path
        /// In the host name.
        case virtual
    }

    /// The environment.
    let environment: [String: String]
    /// The shared files.
    let shared: SharedConfiguration
    /// The name of the profile in use.
    package let profileName: String
    /// Whether a variable names the profile: then it must exist.
    let isProfileNamed: Bool
    private let profile: ProfileFile.Settings

    /// How often a request is tried at most (AWS_MAX_ATTEMPTS, `max_attempts`); nil when nothing says.
    package private(set) var maxAttempts: Int?
    /// How S3 buckets are addressed.
    package private(set) var s3AddressingStyle = AddressingStyle.auto

    /// Reads the settings.
    ///
    /// - Parameters:
    ///   - environment: The variables.
    ///   - files: Reads the shared config and credentials files.
    /// - Returns: The settings; a profile that does not exist has none, which is an error only to `CredentialChain`.
    /// - Throws: What is wrong with a file or a setting.
    package static func load(
        environment: [String: String],
        files: FileReader
    ) throws(CredentialError) -> AWSConfiguration {
        try AWSConfiguration(environment, SharedConfiguration(environment: environment, files: files))
    }

    private init(_ environment: [String: String], _ shared: SharedConfiguration) throws(CredentialError) {
        self.environment = environment
        self.shared = shared
        // botocore asks for AWS_DEFAULT_PROFILE first; the script's boto3 must find the profile that we find.
        let named = environment[.defaultProfile] ?? environment[.profile]
        isProfileNamed = named != nil
        profileName = named ?? "default"
        profile = shared.profile(profileName) ?? [:]
        maxAttempts = try number(.maxAttempts, "max_attempts")
        s3AddressingStyle = try addressingStyle()
    }

    /// The region by AWS_REGION, AWS_DEFAULT_REGION or the profile; nil when only the instance may know.
    package var region: String? {
        environment[.region] ?? environment[.defaultRegion] ?? setting("region")
    }

    /// Whether endpoints that have IPv6 addresses are to be used.
    package var useDualStack: Bool { isTrue(environment[.useDualStack] ?? setting("use_dualstack_endpoint")) }

    /// Whether endpoints with FIPS 140 cryptography are to be used.
    package var useFIPS: Bool { isTrue(environment[.useFIPS] ?? setting("use_fips_endpoint")) }

    /// The file of certificates to trust in place of the system's.
    package var caBundle: String? {
        (environment[.caBundle] ?? setting("ca_bundle")).map { SharedConfiguration.path($0, environment) }
    }

    /// The endpoint configured for S3.
    package var s3EndpointURL: String? { endpointURL(service: "s3") }

    /// The endpoint configured for STS.
    package var stsEndpointURL: String? { endpointURL(service: "sts") }

    /// Whether S3's payloads are signed also over TLS; nil when the profile does not say.
    package var s3PayloadSigning: Bool? {
        ProfileFile.nested(in: profile["s3"] ?? "")["payload_signing_enabled"].map { isTrue($0) }
    }

    /// The endpoint configured for a service: its own variable, the variable for all, its `services` section, the
    /// profile's `endpoint_url`, in this order.
    ///
    /// - Parameter service: The service's name as the files spell it, such as `s3`.
    /// - Returns: nil when none is configured, or what is configured is to be ignored.
    package func endpointURL(service: String) -> String? {
        if isTrue(environment[.ignoreEndpointURLs] ?? setting("ignore_configured_endpoint_urls")) { return nil }
        let own = environment["\(AWSVariable.endpointURL.rawValue)_\(service.uppercased())"]?.trimmed() ?? ""
        if !own.isEmpty { return own }
        if let url = environment[.endpointURL] { return url }
        let services = setting("services").flatMap { shared.config.services[$0] } ?? [:]
        let section = ProfileFile.nested(in: services[service] ?? "")
        return section["endpoint_url"].flatMap { $0.isEmpty ? nil : $0 } ?? setting("endpoint_url")
    }

    package var description: String { "AWS configuration of profile \(profileName.escaped())" }

    /// Nothing, also for `dump`.
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// A setting of the profile in use; nil when it is not there or empty.
    ///
    /// - Parameter name: The setting's name.
    /// - Returns: The value.
    func setting(_ name: String) -> String? {
        profile[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A number of at least 1 from a variable or else a setting of the profile.
    ///
    /// - Parameters:
    ///   - variable: The variable.
    ///   - name: The setting.
    /// - Returns: nil when neither is there.
    /// - Throws: For anything but a number of at least 1.
    func number(_ variable: AWSVariable, _ name: String) throws(CredentialError) -> Int? {
        guard let text = environment[variable] ?? setting(name) else { return nil }
        guard let number = Int(text), number > 0 else {
            throw CredentialError(
                .invalidConfiguration,
                "\(variable.rawValue) (or \(name) of the profile) must be a number of at least 1"
            )
        }
        return number
    }

    private func addressingStyle() throws(CredentialError) -> AddressingStyle {
        guard let name = ProfileFile.nested(in: profile["s3"] ?? "")["addressing_style"] else { return .auto }
        guard let style = AddressingStyle(rawValue: name.lowercased()) else {
            throw CredentialError(
                .invalidConfiguration,
                "profile \(profileName.escaped()): addressing_style is \(name.escaped()), but must be auto, path or virtual"
            )
        }
        return style
    }

    /// Whether a setting says yes: `true` in any case of letters, as in botocore.
    private func isTrue(_ text: String?) -> Bool { text?.lowercased() == "true" }
}
