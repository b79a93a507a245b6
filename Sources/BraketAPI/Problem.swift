package import RunnerCore

/// One fault of a job's description, as a line that a person can act on.
///
/// `inputDataConfig[1].channelName: "..": must not be "." or ".." (it names a folder)`
package struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The member, such as `inputDataConfig[1].channelName`; empty for the whole document.
    package let path: String
    /// The flag that set the member, such as `--job-name`; nil when the document did.
    package let flag: String?
    /// The value as it may be shown: quoted, escaped, at most 80 characters; nil when there is none or it may be a
    /// secret, which every hyperparameter may.
    package let value: String?
    /// What is wrong and what would be right.
    package let message: String

    /// Makes a problem.
    ///
    /// - Parameters:
    ///   - path: The member; empty for the whole document.
    ///   - flag: The flag that set the member, if one did.
    ///   - value: The value, when it is short of structure and no secret; it is escaped and shortened here.
    ///   - message: What is wrong and what would be right.
    package init(path: String, flag: String? = nil, value: JSONValue? = nil, message: String) {
        self.path = path
        self.flag = flag
        self.value = value.flatMap(Self.shown)
        self.message = message
    }

    /// Member, value and fault in one line.
    package var description: String {
        let place = [path, flag.map { "(\($0))" } ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
        return [place, value ?? "", message].filter { !$0.isEmpty }.joined(separator: ": ")
    }

    /// Only scalars are shown: an object in the wrong place may hold hyperparameters.
    private static func shown(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): "\"" + text.escaped(limit: 77) + "\""
        case .number(let number): number.text.escaped(limit: 79)
        case .bool(let value): value ? "true" : "false"
        case .null: "null"
        case .array, .object: nil
        }
    }
}

/// Building the paths of members.
extension String {
    /// The path of a member of the structure at this path.
    func member(_ name: String) -> String {
        let isPlain = !name.isEmpty && name.utf8.allSatisfy { $0.isIdentifierByte }
        guard isPlain else { return self + "[\"" + name.escaped(limit: 64) + "\"]" }
        return isEmpty ? name : self + "." + name
    }

    /// The path of an element of the list at this path.
    func element(_ index: Int) -> String {
        self + "[\(index)]"
    }

    /// Whether this path is `other` or lies below it.
    func isAtOrBelow(_ other: String) -> Bool {
        guard utf8.starts(with: other.utf8) else { return false }
        let next = utf8.dropFirst(other.utf8.count).first
        return next == nil || next == UInt8(ascii: ".") || next == UInt8(ascii: "[")
    }
}

extension UInt8 {
    /// Whether this is a letter, a digit, `_` or `-` of ASCII.
    fileprivate var isIdentifierByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
