package import RunnerCore

/// Why a job cannot go on: what the user is told, and which exit code tells a scheduler.
package struct JobFailure: Error, Sendable, CustomStringConvertible {
    /// What went wrong, as a word that tools can decide on; stands in the record as `runner.verdict`.
    package enum Kind: String, Sendable, CaseIterable {
        case configuration
        case paths
        case rootBusy = "root-busy"
        case scriptMissing = "script-missing"
        case archiveRefused = "archive-refused"
        case entryPointMissing = "missing-entry-point"
        case requirementFailed = "requirement-failed"
        case inputMissing = "input-missing"
        case inputRefused = "input-refused"
        case checkpointsUnreadable = "checkpoints-unreadable"
        case deviceUnavailable = "device-unavailable"
        case storageUnavailable = "storage-unavailable"
        case accessDenied = "access-denied"
        case userException = "user-exception"
        case importError = "import-error"
        case bindingError = "binding-error"
        case exitWithText = "exit-with-text"
        case exitWithCode = "exit-with-code"
        case signalled = "signal"
        case outOfMemory = "out-of-memory"
        case segmentationFault = "segmentation-fault"
        case abort
        case illegalInstruction = "illegal-instruction"
        case busError = "bus-error"
        case diskFull = "disk-full"
        case tooManyFiles = "too-many-files"
        case expiredKeys = "expired-keys"
        case notExecutable = "not-executable"
        case timeLimit = "time-limit"
        case fetchTimeout = "fetch-timeout"
        case installTimeout = "install-timeout"
        case stalled
        case stopped
        case preempted
        case hostLost = "host-lost"
        case clusterStopped = "stopped-with-the-job"
        case resultsNotSafe = "results-not-safe"
        case runnerFault = "runner-fault"
    }

    /// The kind.
    package let kind: Kind
    /// What the process ends with.
    package let exitCode: Int32
    /// The first line of the failure file: today's text where today has one (contract §3).
    package let firstLine: String
    /// What a person needs beyond the first line, a sentence a line.
    package let details: [String]
    /// What the record says about it beside kind and words.
    var findings = Findings()

    /// Makes a failure of the runner's own phases.
    package init(_ kind: Kind, _ exitCode: ExitCode, _ firstLine: String, details: [String] = []) {
        self.init(kind, code: exitCode.rawValue, firstLine, details: details)
    }

    /// Makes a failure that ends with the script's own code.
    package init(_ kind: Kind, code: Int32, _ firstLine: String, details: [String] = []) {
        self.kind = kind
        self.exitCode = code
        self.firstLine = firstLine
        self.details = details
    }

    /// Makes the failure of making or writing what a job needs below its root.
    ///
    /// - Parameters:
    ///   - error: Which path, and why.
    ///   - remedy: What to do, to follow the error.
    init(preparing error: any Error, remedy: String = "") {
        self.init(.paths, .usage, "Cannot prepare the job's folders.", details: ["\(error)\(remedy)"])
    }

    /// What to do about a root that cannot be written.
    static func remedy(forRoot root: String) -> String {
        "; run as a user who may write below \(root), or choose another folder with --root"
    }

    /// The failure with more to say.
    func adding(_ more: [String]) -> JobFailure {
        var failure = JobFailure(kind, code: exitCode, firstLine, details: details + more)
        failure.findings = findings
        return failure
    }

    /// First line and details.
    package var description: String { ([firstLine] + details).joined(separator: "\n") }

    /// The text for the failure file: at most 980 bytes, because the platform puts `AlgorithmError: ` before it and
    /// `, exit code: N` behind it and cuts at 1,024 (contract §3.10).
    package var failureText: String { composedText(limitBytes: 980) }
}
