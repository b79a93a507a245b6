/// The name of a resource of Amazon Braket, such as `arn:aws:braket:us-west-2:123456789012:job/1f3a`.
///
/// Only the form is judged; whether there is such a resource is for the service to say.
package struct ResourceARN: Hashable, Sendable, CustomStringConvertible {
    /// What a name stands for.
    package enum Kind: String, Hashable, Sendable {
        /// A hybrid job.
        case job
        /// A device: a QPU or a simulator.
        case device
        /// A quantum task.
        case quantumTask = "quantum-task"
    }

    /// What it stands for.
    package let kind: Kind
    /// The region whose endpoint knows it; nil for a simulator, which each region has.
    package let region: String?
    /// The whole name.
    package let description: String

    /// Reads a name; nil for anything but that of a job, a device or a quantum task.
    ///
    /// - Parameter text: What somebody gave.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "braket" else { return nil }
        let resource = parts[5].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard resource.count == 2, !resource[1].isEmpty, let kind = Kind(rawValue: String(resource[0])) else {
            return nil
        }
        // A job and a task belong to an account in a region; the name of a simulator has neither.
        guard kind == .device || !parts[3].isEmpty && !parts[4].isEmpty else { return nil }
        guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), text.utf8.count <= 512 else { return nil }
        self.kind = kind
        region = parts[3].isEmpty ? nil : parts[3]
        description = text
    }

    /// The last part of the name: `SV1`, or a job's or task's identifier.
    package var shortName: String {
        String(description.split(separator: "/").last ?? "")
    }
}
