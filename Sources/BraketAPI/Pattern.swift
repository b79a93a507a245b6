/// A pattern of the service, matched by hand and always against the whole string.
///
/// Each of these would cost a regular-expression engine at start-up; a test compares them with Python's `re`.
package struct Pattern: Sendable {
    /// The pattern as the service writes it, for messages.
    package let text: String
    /// The pattern in words.
    package let meaning: String
    /// Matches a whole string.
    package let matches: @Sendable (String) -> Bool
}

extension Pattern {
    /// An object or a prefix in S3 (shape `S3Path`).
    package static let s3Path = Pattern(
        text: #"(https|s3)://([^/]+)/?(.*)"#,
        meaning: "an s3:// or https:// location"
    ) { text in
        var scan = Scanner(text)
        guard scan.take("https://") || scan.take("s3://") else { return false }
        guard scan.skip(while: { $0 != "/" }) > 0 else { return false }
        return scan.isAtEndOfLine
    }

    /// The name of an input channel.
    package static let channelName = Pattern(
        text: #"[A-Za-z0-9\.\-_]+"#,
        meaning: "letters, digits, '.', '-' and '_'"
    ) { text in
        var scan = Scanner(text)
        return scan.skip { $0.isLetterOrDigit || $0 == "." || $0 == "-" || $0 == "_" } > 0 && scan.isAtEnd
    }

    /// The name of a job; with at most 50 characters also the SDK's rule `^(?!-)[A-Za-z0-9-]{1,50}(?<!-)$`.
    package static let jobName = Pattern(
        text: #"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,50}"#,
        meaning: "letters, digits and '-', with a letter or digit at both ends"
    ) { text in
        let scalars = Array(text.unicodeScalars)
        guard let first = scalars.first, let last = scalars.last else { return false }
        guard first.isLetterOrDigit, last.isLetterOrDigit else { return false }
        return scalars.allSatisfy { $0.isLetterOrDigit || $0 == "-" } && scalars.count { $0 != "-" } <= 51
    }

    /// The role that a job runs as.
    package static let roleARN = Pattern(
        text: #"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"#,
        meaning: "the ARN of an IAM role"
    ) { text in
        var scan = Scanner(text)
        guard scan.takePartition(), scan.take(":iam::"), scan.skip(while: \.isDigit) == 12, scan.take(":role") else {
            return false
        }
        // The pattern's `/?` needs no step of its own: the class after it takes a slash, too.
        return scan.skip { $0.isLetterOrDigit || "_+=,.@-/".unicodeScalars.contains($0) } > 0 && scan.isAtEnd
    }

    /// An image in ECR; the dot after `ecr` is any character, as in the service's own pattern.
    package static let imageURI = Pattern(
        text: #"\d{10,14}\.dkr\.ecr.[a-z0-9-]+\.amazonaws\.com\/.+(@sha256)?:.+"#,
        meaning: "an image in Amazon ECR with its tag or digest"
    ) { text in
        var scan = Scanner(text)
        guard (10...14).contains(scan.skip(while: \.isDigit)), scan.take(".dkr.ecr") else { return false }
        guard let any = scan.next(), any != "\n" else { return false }
        guard scan.skip(while: \.isLowercaseDigitOrHyphen) > 0, scan.take(".amazonaws.com/") else { return false }
        return scan.isAtEndOfLine && scan.rest.dropFirst().dropLast().contains(":")
    }

    /// A resource that a job is associated with.
    package static let resourceARN = Pattern(
        text: #"arn:aws[a-z\-]*:braket:[a-z0-9\-]*:[0-9]{12}:.*"#,
        meaning: "the ARN of a Braket resource"
    ) { text in
        var scan = Scanner(text)
        guard scan.takePartition(), scan.take(":braket:") else { return false }
        _ = scan.skip(while: \.isLowercaseDigitOrHyphen)
        return scan.take(":") && scan.skip(while: \.isDigit) == 12 && scan.take(":") && scan.isAtEndOfLine
    }

    /// A device: the documentation's two forms, as the service's model gives only the length.
    package static let device = Pattern(
        text: #"arn:aws[a-z\-]*:braket:[a-z0-9\-]*:[0-9]*:device/.+|local:[^/]+/.+"#,
        meaning: "the ARN of a device or local:<provider>/<simulator>"
    ) { text in
        var scan = Scanner(text)
        if scan.take("local:") {
            guard scan.skip(while: { $0 != "/" }) > 0, scan.take("/") else { return false }
        } else {
            guard scan.takePartition(), scan.take(":braket:") else { return false }
            _ = scan.skip(while: \.isLowercaseDigitOrHyphen)
            guard scan.take(":") else { return false }
            _ = scan.skip(while: \.isDigit)
            guard scan.take(":device/") else { return false }
        }
        return !scan.isAtEnd && scan.isAtEndOfLine
    }

    /// A hyperparameter's value.
    package static let line = Pattern(text: ".*", meaning: "one line, without a line feed") { text in
        !text.unicodeScalars.contains("\n")
    }
}

/// A position in a string, moved forward over what matches.
///
/// Works on scalars: a `Character` would join `\r\n` into one and hide the line feed.
private struct Scanner {
    /// What has not been passed yet.
    private(set) var rest: Substring.UnicodeScalarView

    init(_ text: String) {
        rest = text[...].unicodeScalars
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// Whether `.*` would reach the end: no line feed in what is left.
    var isAtEndOfLine: Bool { !rest.contains("\n") }

    mutating func next() -> Unicode.Scalar? {
        rest.popFirst()
    }

    mutating func take(_ prefix: String) -> Bool {
        guard rest.starts(with: prefix.unicodeScalars) else { return false }
        rest.removeFirst(prefix.unicodeScalars.count)
        return true
    }

    mutating func skip(while matches: (Unicode.Scalar) -> Bool) -> Int {
        let run = rest.prefix(while: matches)
        let count = run.count
        rest = rest[run.endIndex...]
        return count
    }

    /// Passes over `arn:aws[a-z\-]*`.
    mutating func takePartition() -> Bool {
        guard take("arn:aws") else { return false }
        _ = skip { ("a"..."z").contains($0) || $0 == "-" }
        return true
    }
}

extension Unicode.Scalar {
    fileprivate var isDigit: Bool { ("0"..."9").contains(self) }

    fileprivate var isLetterOrDigit: Bool {
        isDigit || ("a"..."z").contains(self) || ("A"..."Z").contains(self)
    }

    fileprivate var isLowercaseDigitOrHyphen: Bool {
        isDigit || ("a"..."z").contains(self) || self == "-"
    }
}
