import RunnerCore

/// What the launcher said about a script: whether it came to run, and how its Python code failed.
package struct LaunchReport: Sendable {
    /// The kinds of failure that Python can tell apart.
    package enum Kind: String, Sendable {
        /// The entry module or its attribute does not exist.
        case missingEntry = "missing-entry"
        /// Another module could not be imported.
        case importError = "import"
        /// The hyperparameters did not fit the function.
        case binding
        /// SystemExit with a text or a code.
        case exit
        /// Any other exception.
        case exception
    }

    /// A failure of the user's Python code.
    package struct Failure: Sendable {
        /// What kind.
        package let kind: Kind
        /// The name of the exception's class.
        package let type: String
        /// Its text.
        package let message: String
        /// `Type: message`, the text that today's container writes (contract §3.10).
        package let line: String
        /// The deepest frame in the user's files.
        package let file: String?
        /// Its line.
        package let lineNumber: Int?
        /// The source of that line.
        package let source: String?
        /// The function of that frame.
        package let function: String?
        /// The whole traceback.
        package let traceback: String?
        /// A sentence for the user.
        package let hint: String?
        /// What it came from, to decide on.
        package let causes: Causes

        /// The deepest frame in the user's files.
        package var frame: PythonFrame? {
            guard let file, let lineNumber else { return nil }
            return PythonFrame(file: file, line: lineNumber, function: function ?? "<module>")
        }

        /// Where it happened, as `file.py:12 in main: source`.
        package var place: String? {
            frame.map { $0.description + (source.map { ": " + $0.escaped(limit: 120) } ?? "") }
        }
    }

    /// What an exception, or one that it came from, tells beside its words.
    package struct Causes: Sendable {
        /// The names of the classes and their bases, without the most general ones.
        package let classes: Set<String>
        /// The number of an OSError.
        package let errorNumber: Int32?
        /// The file that the OSError names.
        package let file: String?
        /// The error code of a boto3 ClientError.
        package let serviceCode: String?
        /// The process's own limits where they matter, by setrlimit(2)'s names in small letters: `nofile`, `as`.
        package let limits: [String: Int64]
    }

    /// Whether the user's function or script began to run.
    package private(set) var started = false
    /// Whether the user's code wants SIGUSR1 for itself.
    package private(set) var hasTakenStackSignal = false
    /// How it failed; nil when Python did not say.
    package private(set) var failure: Failure?
    /// Where the interpreter, or one that it forked, was when a fault or abort(3) ended it; the last one.
    package let crash: PythonCrash?

    /// Reads a report.
    ///
    /// - Parameter lines: JSON objects, one a line; what is no such line is passed over, as a script that found the
    ///   descriptor may have written to it.
    package init(lines: [UInt8]) {
        crash = PythonCrash(report: lines)
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            guard let object = try? JSONText.parse(Array(line)).objectValue else { continue }
            if object["stage"]?.stringValue == "start" { started = true }
            if object["usr1"]?.stringValue == "taken" { hasTakenStackSignal = true }
            if let failure = Failure(object) { self.failure = failure }
        }
    }
}

extension LaunchReport.Failure {
    fileprivate init?(_ object: JSONObject) {
        guard let kind = object["kind"]?.stringValue.flatMap(LaunchReport.Kind.init(rawValue:)),
            let line = object["line"]?.stringValue
        else { return nil }
        self.kind = kind
        self.line = line
        type = object["type"]?.stringValue ?? ""
        message = object["message"]?.stringValue ?? ""
        file = object["file"]?.stringValue
        lineNumber = object["lineno"]?.intValue
        source = object["source"]?.stringValue
        function = object["function"]?.stringValue
        traceback = object["traceback"]?.stringValue
        hint = object["hint"]?.stringValue
        causes = LaunchReport.Causes(object)
    }
}

extension LaunchReport.Causes {
    fileprivate init(_ object: JSONObject) {
        classes = Set((object["classes"]?.arrayValue ?? []).compactMap(\.stringValue))
        errorNumber = object["errno"]?.intValue.flatMap(Int32.init(exactly:))
        file = object["filename"]?.stringValue
        serviceCode = object["service"]?.stringValue
        let members = object["limits"]?.objectValue?.members ?? []
        limits = Dictionary(
            members.compactMap { member in member.value.intValue.map { (member.name, Int64($0)) } },
            uniquingKeysWith: { $1 }
        )
    }
}
