import RunnerCore

/// What an error code of AWS says about the caller's rights and keys.
struct RefusedRequest: Sendable {
    /// `accessDenied` or `expiredKeys`.
    let kind: JobFailure.Kind
    /// What to do.
    let advice: String

    /// Judges an error code.
    ///
    /// - Parameter serviceCode: For instance `AccessDenied`; nil is returned for one that is not about rights or keys.
    init?(serviceCode: String) {
        let expired: Set<String> = [
            "ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired", "InvalidClientTokenId",
            "UnrecognizedClientException", "InvalidAccessKeyId", "InvalidToken",
        ]
        let denied: Set<String> = [
            "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedException", "Forbidden",
            "403", "AllAccessDisabled", "AccountProblem", "NotAuthorized", "AuthorizationError",
        ]
        let shown = serviceCode.escaped(limit: 60)
        if expired.contains(serviceCode) {
            kind = .expiredKeys
            advice = "AWS answered \(shown): the script's keys have expired or are not valid; give the job fresh ones."
        } else if denied.contains(serviceCode) || serviceCode.hasPrefix("AccessDenied") {
            kind = .accessDenied
            advice = "AWS answered \(shown): the job's role or user lacks the right for this request."
        } else {
            return nil
        }
    }

    /// Judges an error of our own store by the code in its words.
    ///
    /// - Parameter description: For instance `s3://b/k: the service answers 403 AccessDenied: …`.
    init?(storeError description: String) {
        guard let start = description.firstRange(of: "the service answers ") else { return nil }
        // Status and code; the rest is the service's message, which may say anything.
        let words = description[start.upperBound...].prefix(120).split { " :".contains($0) }.prefix(2)
        guard words.count == 2 else { return nil }
        self.init(serviceCode: String(words[1]))
    }
}
