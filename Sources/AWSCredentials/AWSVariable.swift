import RunnerCore

/// The environment variables that this module reads.
enum AWSVariable: String {
    case home = "HOME"

    case configFile = "AWS_CONFIG_FILE"
    case credentialsFile = "AWS_SHARED_CREDENTIALS_FILE"
    case defaultProfile = "AWS_DEFAULT_PROFILE"
    case profile = "AWS_PROFILE"

    case region = "AWS_REGION"
    case defaultRegion = "AWS_DEFAULT_REGION"
    case useDualStack = "AWS_USE_DUALSTACK_ENDPOINT"
    case useFIPS = "AWS_USE_FIPS_ENDPOINT"
    case endpointURL = "AWS_ENDPOINT_URL"
    case ignoreEndpointURLs = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
    case caBundle = "AWS_CA_BUNDLE"
    case maxAttempts = "AWS_MAX_ATTEMPTS"

    case accessKeyID = "AWS_ACCESS_KEY_ID"
    case secretAccessKey = "AWS_SECRET_ACCESS_KEY"
    case sessionToken = "AWS_SESSION_TOKEN"
    case securityToken = "AWS_SECURITY_TOKEN"
    case credentialExpiration = "AWS_CREDENTIAL_EXPIRATION"

    case roleARN = "AWS_ROLE_ARN"
    case roleSessionName = "AWS_ROLE_SESSION_NAME"
    case webIdentityTokenFile = "AWS_WEB_IDENTITY_TOKEN_FILE"

    case containerRelativeURI = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    case containerFullURI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
    case containerToken = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
    case containerTokenFile = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"

    case metadataDisabled = "AWS_EC2_METADATA_DISABLED"
    case metadataEndpoint = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
    case metadataEndpointMode = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"
    case metadataTimeout = "AWS_METADATA_SERVICE_TIMEOUT"
    case metadataAttempts = "AWS_METADATA_SERVICE_NUM_ATTEMPTS"
}

extension [String: String] {
    /// The value of a variable without blanks around it; nil when it is not set, or blank, which is how a job
    /// description unsets what an image has set.
    subscript(variable: AWSVariable) -> String? {
        guard let value = self[variable.rawValue]?.trimmed(), !value.isEmpty else { return nil }
        return value
    }
}
