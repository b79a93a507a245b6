import RunnerCore

/// A service's words as they may be shown.
enum ErrorText {
    /// Where a service begins to repeat the request that it refuses.
    ///
    /// Its headers hold the session token and the access key's id. STS explains a wrong signature so, other services an
    /// Authorization header that they cannot read.
    private static let repetitions = [
        "The Canonical String", "The String-to-Sign", "AWS4-HMAC-SHA256", "Authorization=", "Credential=",
        "x-amz-security-token", "X-Amz-Security-Token",
    ]

    /// What a service says, on one line, without what it repeats of the request and without ids of access keys.
    ///
    /// - Parameter message: The message.
    /// - Returns: The message without a full stop at its end.
    static func shown(_ message: String) -> String {
        let end = repetitions.compactMap { message.firstRange(of: $0)?.lowerBound }.min() ?? message.endIndex
        var text = withoutAccessKeys(String(message[..<end])).withoutCredentials().trimmed()
        if text.hasSuffix(".") { text.removeLast() }
        return text.escaped(limit: 400)
    }

    /// Access key ids begin with `AKIA` or `ASIA` and go on with at least 12 capital letters and digits.
    private static func withoutAccessKeys(_ text: String) -> String {
        var shown = ""
        var rest = text[...]
        while let word = rest.firstIndex(where: isKeyLetter) {
            shown += rest[..<word]
            let key = rest[word...].prefix(while: isKeyLetter)
            let isKey = key.utf8.count >= 16 && (key.hasPrefix("AKIA") || key.hasPrefix("ASIA"))
            shown += isKey ? "<redacted>" : key
            rest = rest[key.endIndex...]
        }
        return shown + rest
    }

    private static func isKeyLetter(_ character: Character) -> Bool {
        character.isASCII && (character.isUppercase || character.isNumber)
    }
}
