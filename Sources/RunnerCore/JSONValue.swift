/// A JSON value that keeps what Python's `json` keeps: the order of members and the spelling of numbers.
///
/// The runner has its own JSON because it must write what a Python program would have written, byte for byte:
/// `SM_HPS` and its sisters are read by customers' scripts (contract §1.4). `JSONDecoder` cannot serve that: it
/// decodes `4.0` as the integer 4, forgets the order of members, rounds integers longer than 64 bits, drops the
/// first of two equal names without a word, and cannot say at which line a hand-written job file is wrong.
///
/// Equality compares strings by their bytes. Swift's own `==` takes `é` as one scalar and `é` as two for the same
/// text; Python, S3 and the kernel do not.
package enum JSONValue: Sendable {
    /// The literal `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number, by its spelling.
    case number(JSONNumber)
    /// A string, with its escapes resolved.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object, in the order of the text.
    case object(JSONObject)
}

extension JSONValue {
    /// The string, or nil when this is something else.
    package var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The object, or nil when this is something else.
    package var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The elements, or nil when this is something else.
    package var arrayValue: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The truth value, or nil when this is something else.
    package var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The number when it is spelled as an integer and fits; `4.0` is nil, as it is a float in Python.
    package var intValue: Int? {
        if case .number(let value) = self { value.int64.flatMap(Int.init(exactly:)) } else { nil }
    }

    /// Whether this is `null`.
    package var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// What the value is, as a word for messages: `string`, `integer`, `object` and so on.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number(let number): number.isInteger ? "integer" : "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

extension JSONValue: Hashable {
    /// Whether two values are equal, strings by their bytes and numbers by their spelling.
    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.hasSameBytes(as: right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }

    /// Feeds the value to a hasher; canonically equivalent strings may collide, which equality then tells apart.
    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .number(let value): hasher.combine(value)
        case .string(let value): hasher.combine(value)
        case .array(let value): hasher.combine(value)
        case .object(let value): hasher.combine(value)
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
    ExpressibleByNilLiteral
{
    /// Makes a string.
    package init(stringLiteral value: String) { self = .string(value) }

    /// Makes an integer number.
    package init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }

    /// Makes a number with Python's spelling of the float.
    package init(floatLiteral value: Double) { self = .number(JSONNumber(value)) }

    /// Makes a boolean.
    package init(booleanLiteral value: Bool) { self = .bool(value) }

    /// Makes an array.
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// Makes an object in the order of the literal.
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }

    /// Makes `null`.
    ///
    /// For literals of objects and lists. Beware of `isSecret ? nil : value` with a value that is no optional: Swift
    /// takes that `nil` for `null`, not for "no value"; write `JSONValue?.none`.
    package init(nilLiteral: ()) { self = .null }
}

extension String {
    /// Whether this string comes before `other` in the order of their code points.
    ///
    /// That is the order of UTF-8 and of Python's `sorted`; Swift's `<` compares normalised forms.
    ///
    /// - Parameter other: The string to compare with.
    /// - Returns: false also when both are the same bytes.
    package func precedesByCodePoint(_ other: String) -> Bool {
        utf8.lexicographicallyPrecedes(other.utf8)
    }
}
