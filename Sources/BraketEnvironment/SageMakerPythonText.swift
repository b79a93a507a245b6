import RunnerCore

/// How Python prints JSON values: what the toolkit makes of hyperparameters on the command line.
extension JSONValue {
    /// Python's `str(json.loads(text))`.
    var pythonString: String {
        if case .string(let text) = self { text } else { pythonRepresentation }
    }

    /// Python's `repr(json.loads(text))`.
    var pythonRepresentation: String {
        switch self {
        case .null: "None"
        case .bool(let value): value ? "True" : "False"
        case .number(let number): number.pythonRepresentation
        case .string(let text): text.pythonRepresentation
        case .array(let elements): "[" + elements.map(\.pythonRepresentation).joined(separator: ", ") + "]"
        case .object(let object):
            "{"
                + object.members.map { $0.name.pythonRepresentation + ": " + $0.value.pythonRepresentation }
                .joined(separator: ", ") + "}"
        }
    }

    /// Whether Python takes the value for true: not null, false, zero or empty.
    ///
    /// The text `False` is true. The SDK writes it for `False`, and so `sagemaker_mpi_enabled="False"` switches MPI on
    /// in the toolkit (contract §1.5).
    var isTrueInPython: Bool {
        switch self {
        case .null: false
        case .bool(let value): value
        case .number(let number): number.double != 0
        case .string(let text): !text.isEmpty
        case .array(let elements): !elements.isEmpty
        case .object(let object): !object.isEmpty
        }
    }
}

extension JSONNumber {
    /// `repr` and `json.dumps` differ for what is no number: `inf` is `Infinity` in JSON.
    fileprivate var pythonRepresentation: String {
        switch pythonText {
        case "Infinity": "inf"
        case "-Infinity": "-inf"
        case "NaN": "nan"
        default: pythonText
        }
    }
}

extension String {
    /// The string as a Python literal: in single quotes, unless it holds those and no double ones.
    fileprivate var pythonRepresentation: String {
        let quote: Unicode.Scalar = unicodeScalars.contains("'") && !unicodeScalars.contains("\"") ? "\"" : "'"
        var result = String(quote)
        for scalar in unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case quote: result += "\\" + String(quote)
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.isPrintableInPython: result.unicodeScalars.append(scalar)
            default: result += scalar.pythonEscape
            }
        }
        return result + String(quote)
    }
}

extension Unicode.Scalar {
    /// `str.isprintable`: everything but the categories "other" and "separator", of which only the blank prints.
    fileprivate var isPrintableInPython: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned: false
        case .lineSeparator, .paragraphSeparator, .spaceSeparator: self == " "
        default: true
        }
    }

    /// `\x7f`, `\u200b` or `\U000e0001`.
    fileprivate var pythonEscape: String {
        let (prefix, width) = value < 0x100 ? ("\\x", 2) : value < 0x10000 ? ("\\u", 4) : ("\\U", 8)
        let digits = String(value, radix: 16)
        return prefix + String(repeating: "0", count: width - digits.utf8.count) + digits
    }
}
