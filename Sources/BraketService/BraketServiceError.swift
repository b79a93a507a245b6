import AWSEndpoints
import AWSRequests
import BraketAPI
import RunnerCore
import RunnerHTTP

/// Why Amazon Braket did not do what it was asked for.
package struct BraketServiceError: Error, Sendable, CustomStringConvertible {
    /// The kinds a caller decides on.
    package enum Code: Hashable, Sendable {
        /// There is no such job, task or device, or not in this region.
        case notFound
        /// The caller has no right to ask, or its keys are not valid.
        case denied
        /// The request is one that the service does not take.
        case invalid
        /// What is asked for does not fit the state of things: a job of this name, a job that has ended.
        case conflict
        /// A quota of the account is used up.
        case quota
        /// The device is offline or retired.
        case deviceUnavailable
        /// The service cannot be reached, has trouble, or wants fewer requests.
        case unavailable
        /// No credentials, or a setting of AWS that is wrong.
        case notConfigured
        /// The answer is not what it should be.
        case unreadable
    }

    /// The kind.
    package let code: Code
    /// One sentence: what was asked, what is wrong, and what to do where that is known.
    package let description: String

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: The kind.
    ///   - description: One sentence.
    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// Whether asking again later may help.
    package var isPassing: Bool { code == .unavailable }

    /// Says in our words what a call ended with; nil for an error that is none of the service's: a cancelled task.
    ///
    /// - Parameters:
    ///   - error: The error of the sender.
    ///   - operation: What was asked, such as `GetJob of arn:…`.
    init?(describing error: any Error, operation: String) {
        switch error {
        case let error as ServiceError:
            let code = Self.code(of: error)
            self.init(code, "\(operation): \(error)\(Self.advice(code))")
        case let error as HTTPError:
            self.init(.unavailable, "\(operation): \(error)")
        case let error as NoCredentialError:
            self.init(.notConfigured, "\(operation): \(error)")
        case let error as EndpointError:
            self.init(.notConfigured, "\(operation): \(error)")
        case let problem as Problem:
            self.init(.unreadable, "\(operation): \(problem)")
        default:
            return nil
        }
    }

    /// The kind by the service's own word, and by the status where a proxy answered in its place.
    static func code(of error: ServiceError) -> Code {
        switch error.code {
        case "ResourceNotFoundException": return .notFound
        case "AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException",
            "IncompleteSignature", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
            "InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException":
            return .denied
        case "ValidationException": return .invalid
        case "ConflictException": return .conflict
        case "ServiceQuotaExceededException": return .quota
        case "DeviceOfflineException", "DeviceRetiredException": return .deviceUnavailable
        case "ThrottlingException", "InternalServiceException": return .unavailable
        case ServiceError.unreadableAnswer: return .unreadable
        default: return code(ofStatus: error.status)
        }
    }

    private static func code(ofStatus status: Int) -> Code {
        switch status {
        case 401, 403: .denied
        case 402: .quota
        case 404: .notFound
        case 408, 429, 500...: .unavailable
        case 409: .conflict
        case 410, 424: .deviceUnavailable
        default: .invalid
        }
    }

    private static func advice(_ code: Code) -> String {
        switch code {
        case .notFound: "; look at the ARN, its region, and the account of the keys"
        case .denied: "; look at the keys and at what the role or user may do"
        case .quota: "; end a job, or ask AWS for a higher quota"
        default: ""
        }
    }
}
