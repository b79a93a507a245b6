package import RunnerCore

extension JobRequest {
    /// What a request is for, which decides on the members it must have.
    package enum Use: Hashable, Sendable {
        /// A run by braket-runner: script, entry point, device, output location and name.
        case localRun
        /// CreateJob: every member that the service requires.
        case service
    }

    /// Where files may be.
    package struct LocationKinds: OptionSet, Hashable, Sendable {
        /// The set as bits.
        package let rawValue: Int

        /// Makes a set from its bits.
        package init(rawValue: Int) {
            self.rawValue = rawValue
        }

        /// What the service takes: `s3://` and `https://`.
        package static let service = LocationKinds(rawValue: 1)
        /// A `file:` URI.
        package static let file = LocationKinds(rawValue: 2)
        /// A path of this machine.
        package static let path = LocationKinds(rawValue: 4)
        /// Every kind.
        package static let all: LocationKinds = [.service, .file, .path]
    }

    /// How strictly, and on whose behalf, a request is read.
    package struct Rules: Hashable, Sendable {
        /// What the request is for.
        package var use: Use = .localRun
        /// Where members of the document may say that files are.
        ///
        /// The service's rule, so that a document that runs here is one that the service takes.
        package var documentLocations: LocationKinds = .service
        /// Where members that a flag has set may say that files are.
        package var flagLocations: LocationKinds = .all
        /// The flags that have set members, by the member's path: `["jobName": "--job-name"]`.
        ///
        /// A flag for `inputDataConfig[2]` stands for everything below it.
        package var flags: [String: String] = [:]

        /// Makes the rules of a local run without flags.
        package init() {}

        /// Makes rules.
        ///
        /// - Parameters:
        ///   - use: What the request is for.
        ///   - flags: The flags that have set members, by the member's path.
        package init(use: Use, flags: [String: String] = [:]) {
            self.use = use
            self.flags = flags
        }
    }

    /// Reads a request and reports everything that is wrong with it at once.
    ///
    /// Flags are laid over the document before this: the caller sets the members of its `JSONObject` and names them
    /// in `rules.flags`, so that a member of the document that a flag replaces may be missing or wrong. A member that
    /// is `null` counts as absent.
    ///
    /// - Parameters:
    ///   - json: The document.
    ///   - rules: How to read it.
    /// - Returns: The request.
    /// - Throws: All problems, in the order of the table and then of the relations between members.
    package static func parse(
        _ json: JSONValue,
        rules: Rules = Rules()
    ) throws(InvalidJobRequest) -> JobRequest {
        let document = json.removingNullMembers(of: Constraints.createJob)
        let problems = Self.problems(in: document, rules: rules)
        guard problems.isEmpty, let object = document.objectValue, let request = JobRequest(valid: object) else {
            throw InvalidJobRequest(problems: problems)
        }
        return request
    }

    /// Lists everything that is wrong with a request whose null members are gone.
    private static func problems(in document: JSONValue, rules: Rules) -> [Problem] {
        var validator = Validator(rules: rules)
        validator.check(document, Constraints.createJob, at: "")
        guard let object = document.objectValue else { return validator.problems }
        validator.checkRelations(of: object)
        return validator.problems
    }
}

/// Everything that is wrong with a request, one problem a line.
package struct InvalidJobRequest: Error, Hashable, Sendable, CustomStringConvertible {
    /// The problems, never none.
    package let problems: [Problem]

    /// The problems, one a line.
    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

extension JSONValue {
    /// The value without the null members of its structures; a null in a map or a list stays, and is a problem.
    func removingNullMembers(of shape: Shape) -> JSONValue {
        switch (self, shape) {
        case (.object(let object), .structure(let members)):
            let kept = object.members.compactMap { member -> (String, JSONValue)? in
                guard !member.value.isNull else { return nil }
                let shape = members.first { $0.name.hasSameBytes(as: member.name) }?.shape
                return (member.name, shape.map(member.value.removingNullMembers) ?? member.value)
            }
            return .object(JSONObject(kept))
        case (.array(let elements), .list(let shape, _)):
            return .array(elements.map { $0.removingNullMembers(of: shape) })
        default:
            return self
        }
    }
}
