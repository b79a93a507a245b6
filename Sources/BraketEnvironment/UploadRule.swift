package import BraketAPI
import RunnerCore
package import SystemPackage

/// What is packed and stored at the end of the run, and after which ends.
package struct UploadRule: Hashable, Sendable {
    /// After which ends something is stored.
    package enum Policy: String, Hashable, Sendable, CaseIterable {
        /// Whatever ended the run.
        case always
        /// When the script succeeded.
        case success
        /// When it did not, to look into why.
        case failure

        /// Whether it is stored now.
        ///
        /// - Parameter succeeded: Whether the script succeeded.
        /// - Returns: false when it is kept on this machine only.
        package func applies(succeeded: Bool) -> Bool {
            switch self {
            case .always: true
            case .success: succeeded
            case .failure: !succeeded
            }
        }
    }

    /// What is stored.
    package enum Source: Hashable, Sendable {
        /// The results folder: model.tar.gz.
        case results
        /// The folder output/data: output.tar.gz.
        case data
        /// A file or folder, absolute or relative to the script's working folder.
        case path(FilePath)
    }

    /// What is stored.
    package let source: Source
    /// After which ends.
    package let policy: Policy

    /// The name of an own object below `<s3Path>/output/`; nil for the two folders that have theirs.
    ///
    /// `out/plots` is `uploads/out/plots.tar.gz`, and so is `/out/plots`, which is refused beside it.
    package var objectName: String? {
        guard case .path(let path) = source else { return nil }
        let parts = path.components.map(\.string)
        return "uploads/\(parts.isEmpty ? "all" : parts.joined(separator: "/")).tar.gz"
    }

    /// Reads `PATH=POLICY` options.
    ///
    /// - Parameter options: The options as they were given.
    /// - Returns: The rules, without those that are wrong, and what is wrong.
    package static func read(_ options: [OptionValue]) -> (rules: [UploadRule], problems: [Problem]) {
        var rules: [UploadRule] = []
        var problems: [Problem] = []
        for option in options {
            do throws(UploadRuleError) {
                let rule = try UploadRule(option.text)
                guard !rules.contains(where: { $0.source == rule.source || $0.isStored(as: rule) }) else {
                    throw UploadRuleError(message: "is stored as the same object as another one")
                }
                rules.append(rule)
            } catch {
                problems.append(Problem(path: option.source, value: .string(option.text), message: error.message))
            }
        }
        return (rules, problems)
    }

    private init(_ text: String) throws(UploadRuleError) {
        // The last sign: a folder may be called `lr=0.1`.
        guard let equals = text.lastIndex(of: "="), equals != text.startIndex else {
            throw UploadRuleError(message: "must have the form PATH=always, PATH=success or PATH=failure")
        }
        guard let policy = Policy(rawValue: String(text[text.index(after: equals)...])) else {
            throw UploadRuleError(message: "must end in =always, =success or =failure")
        }
        let name = String(text[..<equals])
        let path = FilePath(name)
        guard !name.utf8.contains(0), !path.components.contains(where: { $0.kind == .parentDirectory }) else {
            throw UploadRuleError(message: "must not have a part \"..\"; an absolute path may name any place")
        }
        self.policy = policy
        source =
            switch name {
            case "results": .results
            case "data": .data
            default: .path(path.lexicallyNormalized())
            }
    }

    private func isStored(as other: UploadRule) -> Bool {
        objectName != nil && objectName == other.objectName
    }
}

/// What is wrong with an `--upload`.
private struct UploadRuleError: Error {
    let message: String
}

extension [UploadRule] {
    /// After which ends one of the two usual folders is stored.
    ///
    /// - Parameter source: The folder.
    /// - Returns: `always` unless a rule says otherwise.
    package func policy(of source: UploadRule.Source) -> UploadRule.Policy {
        first { $0.source == source }?.policy ?? .always
    }
}
