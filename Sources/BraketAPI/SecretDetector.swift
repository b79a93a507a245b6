/// Tells whether a hyperparameter looks like a key, a token or a password.
///
/// Hyperparameters are no place for secrets: the service stores them in clear, shows them in the console and to
/// everyone who may call GetJob, and the container writes them to a file and to the environment. The runner warns.
/// It is a guess from name and value; `n_tokens=512` and `tokenizer=gpt2` must not trigger it.
package enum SecretDetector {
    /// Why a hyperparameter looks like a secret, in words that do not repeat its value.
    ///
    /// - Parameters:
    ///   - name: The hyperparameter's name.
    ///   - value: The hyperparameter's value.
    /// - Returns: A reason such as `looks like an AWS access key id`, or nil.
    package static func reason(name: String, value: String) -> String? {
        reason(value: value) ?? reason(name: name, emptyOrPlain: isPlain(value))
    }

    // MARK: By value

    private static func reason(value: String) -> String? {
        let words = value.utf8.split { !isTokenByte($0) }
        if words.contains(where: isAccessKeyID) { return "looks like an AWS access key id" }
        if words.contains(where: isWebToken) { return "looks like a JSON web token" }
        if value.contains("-----BEGIN "), value.contains("PRIVATE KEY") { return "looks like a private key" }
        if isSecretKey(value) { return "looks like an AWS secret access key" }
        return nil
    }

    /// `AKIA` or `ASIA` and 16 letters and digits (IAM, unique identifiers; the 16 are base 32).
    private static func isAccessKeyID(_ word: Substring.UTF8View) -> Bool {
        guard word.count == 20, word.starts(with: "AKIA".utf8) || word.starts(with: "ASIA".utf8) else { return false }
        return word.allSatisfy { isUppercase($0) || isDigit($0) }
    }

    /// Three parts of base64url of which the first two start as `{"` does (RFC 7519).
    private static func isWebToken(_ word: Substring.UTF8View) -> Bool {
        let parts = word.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 3 && parts.prefix(2).allSatisfy { $0.starts(with: "eyJ".utf8) && $0.count >= 12 }
    }

    /// 40 characters of base64 with letters of both cases and digits; a SHA-1 in hexadecimal has one case only, and a
    /// path has a slash at every other word but seldom all of these and no word of a language.
    private static func isSecretKey(_ value: String) -> Bool {
        let bytes = value.utf8
        guard bytes.count == 40 else { return false }
        let isBase64 = bytes.allSatisfy {
            isUppercase($0) || isLowercase($0) || isDigit($0) || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "+")
        }
        return isBase64 && bytes.count(where: isUppercase) >= 4 && bytes.count(where: isLowercase) >= 4
            && bytes.contains(where: isDigit) && !bytes.starts(with: "/".utf8)
    }

    // MARK: By name

    private static func reason(name: String, emptyOrPlain: Bool) -> String? {
        guard !emptyOrPlain, !name.utf8.starts(with: "sagemaker_".utf8) else { return nil }
        let words = words(of: name)
        let joined = words.joined()
        let telling = ["password", "passwd", "passphrase", "secret", "apikey", "accesskey", "privatekey", "credential"]
        if telling.contains(where: joined.contains) || words.contains("token") || words.contains("pwd") {
            return "has the name of a secret"
        }
        return nil
    }

    /// Numbers, booleans and the like are settings, whatever they are called: `max_tokens=256`, `use_token=true`.
    private static func isPlain(_ value: String) -> Bool {
        value.isEmpty || Double(value) != nil || ["true", "false", "none", "null"].contains(value.lowercased())
    }

    /// The words of a name in lower case: `apiKey`, `api-key` and `API_KEY` are all `api`, `key`.
    private static func words(of name: String) -> [String] {
        var words = [""]
        var previous: Unicode.Scalar = "_"
        for scalar in name.unicodeScalars {
            let isSeparator = !scalar.properties.isAlphabetic && scalar.properties.numericType == nil
            let startsWord = scalar.properties.isUppercase && previous.properties.isLowercase
            if isSeparator || startsWord { words.append("") }
            if !isSeparator { words[words.count - 1] += scalar.properties.lowercaseMapping }
            previous = scalar
        }
        return words.filter { !$0.isEmpty }
    }

    // MARK: Bytes

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        isUppercase(byte) || isLowercase(byte) || isDigit(byte) || "._-".utf8.contains(byte)
    }

    private static func isUppercase(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }

    private static func isLowercase(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
