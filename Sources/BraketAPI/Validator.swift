import RunnerCore

/// Compares a document with the table and collects what does not fit.
struct Validator {
    private let rules: JobRequest.Rules

    /// The problems so far.
    private(set) var problems: [Problem] = []

    /// Makes a validator that has found nothing yet.
    init(rules: JobRequest.Rules) {
        self.rules = rules
    }

    /// Notes a problem.
    mutating func report(_ path: String, _ value: JSONValue? = nil, _ message: String) {
        problems.append(Problem(path: path, flag: flag(for: path), value: value, message: message))
    }

    /// Checks a value and everything below it.
    mutating func check(_ value: JSONValue, _ shape: Shape, at path: String) {
        switch (shape, value) {
        case (.structure(let members), .object(let object)): check(object, members, at: path)
        case (.list(let element, let maxCount), .array(let elements)):
            checkCount(elements.count, atMost: maxCount, of: "elements", at: path)
            for (index, value) in elements.enumerated() {
                check(value, element, at: path.element(index))
            }
        case (.map(let key, let rule, let maxCount), .object(let object)):
            checkCount(object.count, atMost: maxCount, of: "entries", at: path)
            for member in object.members {
                check(member, key: key, value: rule, at: path.member(member.name))
            }
        case (.string(let rule), .string(let text)): check(text, rule, at: path)
        case (.integer(let range), .number(let number)): check(number, in: range, at: path)
        default: reportKind(of: value, expected: shape.kind, at: path, isSecret: shape.isMap)
        }
    }

    // MARK: Containers

    private mutating func check(_ object: JSONObject, _ members: [Shape.Member], at path: String) {
        for member in members {
            if let value = object[member.name] {
                if member.isExtension, rules.use == .service {
                    report(path.member(member.name), nil, "is a member that only braket-runner knows, not CreateJob")
                }
                check(value, member.shape, at: path.member(member.name))
            } else if member.required.contains(rules.use) {
                report(path.member(member.name), nil, "is required")
            }
        }
        let known = members.map(\.name)
        for name in object.names where !known.contains(where: name.hasSameBytes) {
            // The value stays out: a misspelled `hyperparameters` holds what must not be shown.
            report(path.member(name), nil, "is not a member of CreateJob" + Suggestion.hint(for: name, among: known))
        }
    }

    private mutating func check(
        _ member: JSONObject.Member,
        key: StringRule,
        value rule: StringRule,
        at path: String
    ) {
        let length = member.name.unicodeScalars.count
        if let fault = key.lengthFault(length) { report(path, nil, "its name " + fault) }
        if member.name.unicodeScalars.contains("\0") { report(path, nil, "its name " + Self.nulFault) }
        if case .string(let text) = member.value {
            check(text, rule, at: path)
        } else {
            reportKind(of: member.value, expected: "a string", at: path, isSecret: rule.isSecret)
        }
    }

    private mutating func checkCount(_ count: Int, atMost limit: Int?, of noun: String, at path: String) {
        guard let limit, count > limit else { return }
        report(path, nil, "must have at most \(limit) \(noun), has \(count)")
    }

    private mutating func reportKind(of value: JSONValue, expected: String, at path: String, isSecret: Bool) {
        let article = "aeiou".contains(value.kind.first ?? "x") ? "an" : "a"
        var message = "must be \(expected), is " + (value.isNull ? "null" : "\(article) \(value.kind)")
        if expected == "a string", case .number = value { message += " (put it in quotes)" }
        report(path, isSecret ? JSONValue?.none : value, message)
    }

    // MARK: Scalars

    private mutating func check(_ text: String, _ rule: StringRule, at path: String) {
        let shown = rule.isSecret ? JSONValue?.none : .string(text)
        if text.unicodeScalars.contains("\0") { report(path, shown, Self.nulFault) }
        if let fault = rule.lengthFault(text.unicodeScalars.count) {
            report(path, shown, fault)
        } else if !rule.values.isEmpty, !rule.values.contains(where: text.hasSameBytes) {
            report(path, shown, rule.valuesFault(text))
        } else if rule.isLocation {
            checkLocation(text, rule, at: path)
        } else if let pattern = rule.pattern, !pattern.matches(text) {
            report(path, shown, "must be \(pattern.meaning), matching \(pattern.text)")
        }
    }

    private mutating func check(_ number: JSONNumber, in range: ClosedRange<Int64>, at path: String) {
        if !number.isInteger {
            report(path, .number(number), "must be an integer")
        } else if number.int64 ?? (number.text.utf8.first == UInt8(ascii: "-") ? .min : .max) < range.lowerBound {
            report(path, .number(number), "must be at least \(range.lowerBound)")
        } else if number.int64.map(range.contains) != true {
            report(path, .number(number), "must be at most \(range.upperBound)")
        }
    }

    private mutating func checkLocation(_ text: String, _ rule: StringRule, at path: String) {
        let isFromFlag = rules.use == .localRun && flag(for: path) != nil
        let allowed = isFromFlag ? rules.flagLocations : rules.documentLocations
        if allowed.contains(.service), rule.pattern?.matches(text) == true { return }
        let isFile = text.utf8.starts(with: "file:".utf8)
        if allowed.contains(.file), isFile, text.utf8.count > "file:".utf8.count { return }
        let isPath = !text.isEmpty && !isFile && !text.contains("://")
        if allowed.contains(.path), isPath { return }
        let isLocal = isFile || text.utf8.first == UInt8(ascii: "/") || text.utf8.first == UInt8(ascii: ".")
        let hint = isLocal && !isFromFlag ? "; a local file or folder is given by a flag, not by the document" : ""
        report(path, .string(text), "must be \(allowed.meaning)" + hint)
    }

    private static let nulFault = "holds a NUL character, which no file name and no environment variable can"

    /// The flag that set the member at `path` or one that holds it.
    private func flag(for path: String) -> String? {
        rules.flags.filter { path.isAtOrBelow($0.key) }.max { $0.key.utf8.count < $1.key.utf8.count }?.value
    }
}

// MARK: - Messages

extension StringRule {
    /// What is wrong with a string of this length; nil when it fits.
    fileprivate func lengthFault(_ length: Int) -> String? {
        if length == 0, minLength > 0 { return "must not be empty" }
        if let maxLength, length > maxLength { return "must be at most \(maxLength) characters long, has \(length)" }
        return length < minLength ? "must be at least \(minLength) characters long, has \(length)" : nil
    }

    /// What is wrong with a string that is none of the allowed ones.
    fileprivate func valuesFault(_ text: String) -> String {
        guard values.count > 4 else { return "must be " + values.joined(separator: " or ") }
        return "is not one of the \(values.count) values of CreateJob" + Suggestion.hint(for: text, among: values)
    }
}

extension Shape {
    /// The kind of value in words.
    fileprivate var kind: String {
        switch self {
        case .structure, .map: "an object"
        case .list: "an array"
        case .string: "a string"
        case .integer: "an integer"
        }
    }

    /// Whether this is a map, whose values are the user's own and not shown.
    fileprivate var isMap: Bool {
        if case .map = self { true } else { false }
    }
}

extension JobRequest.LocationKinds {
    /// The kinds in words.
    fileprivate var meaning: String {
        var words: [String] = []
        if contains(.service) { words += ["an s3:// or https:// location"] }
        if contains(.file) { words += ["a file: URI"] }
        if contains(.path) { words += ["a path"] }
        return words.joined(separator: " or ")
    }
}
