import RunnerCore

/// What a shared config or credentials file says, section by section, as read by `ProfileFileParser`.
struct ProfileFile: Hashable, Sendable {
    /// The settings of one section: names in lower case, values as written; a nested value begins with a line end.
    typealias Settings = [String: String]

    /// Which of the two files: they name profiles in different ways.
    enum Kind: Sendable {
        /// `~/.aws/config`: `[default]`, `[profile NAME]`, `[sso-session NAME]`, `[services NAME]`.
        case config
        /// `~/.aws/credentials`: `[NAME]`.
        case credentials
    }

    /// The profiles by name.
    var profiles: [String: Settings] = [:]
    /// The sections `[sso-session NAME]` by name.
    var ssoSessions: [String: Settings] = [:]
    /// The sections `[services NAME]` by name.
    var services: [String: Settings] = [:]

    /// The settings nested below another one, such as `addressing_style` below `s3 =`.
    ///
    /// - Parameter value: The value of the outer setting.
    /// - Returns: Nothing for a value that stands on the line of its name.
    static func nested(in value: String) -> Settings {
        guard value.utf8.first == UInt8(ascii: "\n") else { return [:] }
        var settings: Settings = [:]
        for line in value.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            let name = String(line[..<equals]).trimmed().lowercased()
            settings[name] = String(line[line.index(after: equals)...]).trimmed()
        }
        return settings
    }
}

/// The heading of a section, by the rules of its file.
enum SectionHeading: Hashable, Sendable {
    /// `[default]` of a config file, which `[profile default]` hides.
    case unprefixedDefault
    /// A profile.
    case profile(String)
    /// An SSO session.
    case ssoSession(String)
    /// Settings by service.
    case services(String)
    /// Anything else, such as `[plugins]` of the AWS CLI, or a name that is none: it is skipped.
    case other

    /// Reads what stands between the brackets.
    ///
    /// - Parameters:
    ///   - text: What stands between the brackets.
    ///   - kind: Which file it is.
    init(_ text: String, in kind: ProfileFile.Kind) {
        let text = text.trimmed()
        if kind == .credentials {
            self = Self.isName(text) ? .profile(text) : .other
            return
        }
        if text == "default" {
            self = .unprefixedDefault
            return
        }
        guard let blank = text.unicodeScalars.firstIndex(where: { $0 == " " || $0 == "\t" }),
            let name = Self.name(String(text[blank...]).trimmed())
        else {
            self = .other
            return
        }
        switch text[..<blank] {
        case "profile": self = .profile(name)
        case "sso-session": self = .ssoSession(name)
        case "services": self = .services(name)
        default: self = .other
        }
    }

    /// A name, or a text in quotes, which may hold blanks: `aws configure` writes `[profile "my profile"]`.
    private static func name(_ text: String) -> String? {
        guard let quote = text.first, quote == "\"" || quote == "'" else { return isName(text) ? text : nil }
        let inner = text.dropFirst().dropLast()
        guard text.count > 2, text.last == quote, !inner.contains(quote) else { return nil }
        return String(inner)
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { isAlphanumeric($0) || "-/.%@_:+".utf8.contains($0) }
    }
}
