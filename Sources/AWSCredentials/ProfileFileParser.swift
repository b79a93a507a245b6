import RunnerCore

/// Reads a shared config or credentials file after the rules that AWS gives its SDKs.
///
/// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
struct ProfileFileParser {
    private let kind: ProfileFile.Kind
    private let path: String
    private var file = ProfileFile()
    private var line = 0

    private var heading: SectionHeading?
    /// The setting that an indented line continues; `name` is nil for one whose name is not valid and is skipped.
    private var setting: (name: String?, isNested: Bool)?
    private var hasPrefixedDefault = false

    private init(kind: ProfileFile.Kind, path: String) {
        self.kind = kind
        self.path = path
    }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - bytes: The file's content.
    ///   - kind: Which of the two files.
    ///   - path: Where it lies, for messages.
    /// - Returns: The sections, with repeated ones merged.
    /// - Throws: Which line is wrong; never what it holds.
    static func parse(_ bytes: [UInt8], _ kind: ProfileFile.Kind, path: String) throws(CredentialError) -> ProfileFile {
        var parser = ProfileFileParser(kind: kind, path: path)
        let text = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes.dropFirst(3) : bytes[...]
        for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            try parser.take(String(decoding: line, as: UTF8.self))
        }
        return parser.file
    }

    private mutating func take(_ text: String) throws(CredentialError) {
        line += 1
        let content = text.trimmed()
        guard let first = text.unicodeScalars.first, !content.isEmpty else { return }
        switch first {
        case "#", ";": ()
        case "[": try beginSection(text)
        case " ", "\t": try continueSetting(content)
        default: try beginSetting(text)
        }
    }

    private mutating func beginSection(_ text: String) throws(CredentialError) {
        let definition = String(text.prefix { $0 != "#" && $0 != ";" }).trimmed()
        guard definition.last == "]" else {
            throw problem("expected a ']' that ends the profile definition")
        }
        setting = nil
        heading = SectionHeading(String(definition.dropFirst().dropLast()), in: kind)
        switch heading {
        case .unprefixedDefault where !hasPrefixedDefault: file.profiles["default"] = known("default")
        case .profile("default") where kind == .config && !hasPrefixedDefault:
            hasPrefixedDefault = true
            file.profiles["default"] = [:]
        case .profile(let name): file.profiles[name] = known(name)
        case .ssoSession(let name): file.ssoSessions[name] = file.ssoSessions[name] ?? [:]
        case .services(let name): file.services[name] = file.services[name] ?? [:]
        case .unprefixedDefault, .other, nil: ()
        }
    }

    private func known(_ profile: String) -> ProfileFile.Settings {
        file.profiles[profile] ?? [:]
    }

    private mutating func beginSetting(_ text: String) throws(CredentialError) {
        guard heading != nil else {
            throw problem("expected a profile definition such as [default] before the first setting")
        }
        let definition = Self.withoutComment(text)
        guard let equals = definition.firstIndex(of: "=") else {
            throw problem("expected an '=' sign defining a property")
        }
        let name = String(definition[..<equals]).trimmed().lowercased()
        let value = String(definition[definition.index(after: equals)...]).trimmed()
        guard !name.isEmpty else { throw problem("the property did not have a name before its '='") }
        let isName = name.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
        setting = (isName ? name : nil, value.isEmpty)
        store { $0 = value }
    }

    private mutating func continueSetting(_ content: String) throws(CredentialError) {
        let isComment = content.first == "#" || content.first == ";"
        guard heading != nil else {
            if isComment { return }
            throw problem("expected a profile definition such as [default] before the first setting")
        }
        guard let setting else {
            if isComment { return }
            throw problem("expected a property definition, but the line begins with a blank as a continuation does")
        }
        if setting.isNested {
            if isComment { return }
            guard let equals = content.firstIndex(of: "=") else {
                throw problem("expected an '=' sign defining a property in the sub-properties of the line above")
            }
            guard equals != content.startIndex else {
                throw problem("the property did not have a name before its '=' in sub-property")
            }
        }
        store { $0 = ($0 ?? "") + "\n" + content }
    }

    private mutating func store(_ change: (inout String?) -> Void) {
        guard let name = setting?.name else { return }
        switch heading {
        case .profile(let profile): change(&file.profiles[profile, default: [:]][name])
        case .unprefixedDefault where !hasPrefixedDefault: change(&file.profiles["default", default: [:]][name])
        case .ssoSession(let session): change(&file.ssoSessions[session, default: [:]][name])
        case .services(let services): change(&file.services[services, default: [:]][name])
        case .unprefixedDefault, .other, nil: ()
        }
    }

    /// The line up to a `#` or `;` that has a blank before it; without one they are part of the value.
    private static func withoutComment(_ text: String) -> String {
        let scalars = text.unicodeScalars
        var wasBlank = false
        for index in scalars.indices {
            let scalar = scalars[index]
            if wasBlank, scalar == "#" || scalar == ";" { return String(scalars[..<index]) }
            wasBlank = scalar == " " || scalar == "\t"
        }
        return text
    }

    private func problem(_ words: String) -> CredentialError {
        CredentialError(.invalidConfiguration, "\(path.escaped()), line \(line): \(words)")
    }
}
