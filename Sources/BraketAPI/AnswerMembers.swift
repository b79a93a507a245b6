import RunnerCore

/// Times of answers: the model says ISO 8601, and JSON services are known to send seconds since 1970 in their place.
enum JSONTime {
    /// The time as a text; nil for anything else.
    static func text(_ value: JSONValue?) -> String? {
        switch value {
        case .string(let text): text
        case .number(let number):
            number.double.flatMap { Int64(exactly: ($0 * 1000).rounded()) }
                .map { Timestamp(milliseconds: $0).description }
        default: nil
        }
    }
}

extension Problem {
    /// The answer's object.
    ///
    /// - Throws: That it is none.
    static func object(_ json: JSONValue, of operation: String) throws(Problem) -> JSONObject {
        guard let object = json.objectValue else {
            throw Problem(path: "", message: "the answer of \(operation) is \(json.kind), not an object")
        }
        return object
    }

    /// A text that an answer must have.
    ///
    /// - Throws: That it is missing.
    static func required(_ name: String, in object: JSONObject) throws(Problem) -> String {
        guard let text = object.string(name) else {
            throw Problem(path: name, message: "is missing in the service's answer")
        }
        return text
    }
}
