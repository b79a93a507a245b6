package import BraketAPI
import RunnerCore
import SystemPackage

/// From a job document, flags and folders of this machine to a request that the service takes.
extension ConfigurationResolver {
    private static let scriptURI = scriptPath + ["s3Uri"]
    /// What a member holds whose real value is reported as missing, so that it is reported once.
    private static let placeholder = "s3://unknown/unknown"

    /// Resolves a submission: the document with the flags over it, local addresses replaced by those in the store.
    ///
    /// - Parameters:
    ///   - options: What only `submit` is given.
    ///   - identity: What was drawn for it.
    /// - Returns: The submission, nil when something is wrong; and everything that is wrong.
    package mutating func resolveSubmission(
        _ options: SubmissionOptions,
        _ identity: SubmissionIdentity
    ) -> (submission: Submission?, problems: [Problem]) {
        if let document = inputs.document, document.objectValue == nil {
            report(inputs.options.job?.source ?? "--job", "must be one JSON object, a CreateJob request")
            return (nil, problems)
        }
        // For its problems: where the store is, the caller knows.
        _ = resolveStorage()
        overlayFlags()
        overlaySubmission(options, identity)
        let store = StoreSettings.read(inputs.options.store)
        problems += store.problems
        let pollSeconds = number(options.poll, "poll", 1...3600) ?? 10
        let place = uploadPlace(options, identity)
        fillPlaces(place)
        let uploads = replaceLocalAddresses(place)
        guard let request = validated(), problems.isEmpty else { return (nil, problems) }
        let name = request.jobName
        return (
            Submission(
                request: request.document,
                jobName: name,
                entryPoint: request.algorithmSpecification.scriptModeConfig.entryPoint,
                uploads: uploads,
                results: inputs.workingDirectory.pushing(FilePath(options.results?.text ?? name)).lexicallyNormalized(),
                pollSeconds: Int(pollSeconds),
                store: store.settings,
                warnings: Self.warnings(request)
            ),
            []
        )
    }

    /// What a submission would run, as far as it is known; also of one that is wrong elsewhere.
    package var submittedEntryPoint: String? { overlay[Self.scriptPath + ["entryPoint"]]?.stringValue }

    private mutating func overlaySubmission(_ options: SubmissionOptions, _ identity: SubmissionIdentity) {
        func set(_ option: OptionValue?, _ path: [String]) {
            if let option { overlay.set(path, .string(option.text), from: option.source) }
        }
        set(options.roleARN, ["roleArn"])
        set(options.instanceType, ["instanceConfig", "instanceType"])
        set(inputs.options.checkpointDirectory, ["checkpointConfig", "localPath"])
        if let size = options.volumeSize {
            let value = Int(size.text).map { JSONValue.number(JSONNumber($0)) } ?? .string(size.text)
            overlay.set(["instanceConfig", "volumeSizeInGb"], value, from: size.source)
        }
        if let role = inputs.environment.nonEmpty(EnvironmentKey.jobsRoleARN), overlay[["roleArn"]] == nil {
            overlay.set(["roleArn"], .string(role), from: EnvironmentKey.jobsRoleARN)
        }
        overlay.fill(["clientToken"], .string(identity.clientToken))
        if case .local(let path)? = localScript(), let stem = path.lastComponent?.stem {
            // The SDK's default, too.
            overlay.fill(Self.scriptPath + ["entryPoint"], .string(stem))
        }
    }

    // MARK: Places

    /// The prefix of everything that is uploaded, as the SDK forms it: `s3://BUCKET/jobs/NAME/MILLISECONDS`
    /// (contract §5.1).
    ///
    /// The bucket is the option's, else that of the results, to which the role has access in any case, else the
    /// account's default one; nil when none of them is known.
    private mutating func uploadPlace(_ options: SubmissionOptions, _ identity: SubmissionIdentity) -> String? {
        guard let bucket = uploadBucket(options, identity) else { return nil }
        let name = overlay[["jobName"]]?.stringValue ?? "unknown"
        return "s3://\(bucket)/jobs/\(name)/\(identity.time.milliseconds)"
    }

    private mutating func uploadBucket(_ options: SubmissionOptions, _ identity: SubmissionIdentity) -> String? {
        if let option = options.bucket {
            guard !option.text.isEmpty, !option.text.contains("/") else {
                report(option.source, "must be the name of a bucket alone", value: option.text)
                return nil
            }
            return option.text
        }
        // An address that cannot be read is the validator's to report.
        if let output = overlay[["outputDataConfig", "s3Path"]]?.stringValue,
            let bucket = (try? DataLocation(output, relativeTo: "/"))?.bucket
        {
            return bucket
        }
        let role = overlay[["roleArn"]]?.stringValue?.split(separator: ":", omittingEmptySubsequences: false) ?? []
        guard let region = identity.region, role.count > 5, role[4].utf8.count == 12 else { return nil }
        return "amazon-braket-\(region)-\(role[4])"
    }

    private mutating func fillPlaces(_ place: String?) {
        guard let place else {
            let isNeeded = overlay[["outputDataConfig", "s3Path"]] == nil || localScript() != nil
            if isNeeded {
                report(
                    "outputDataConfig.s3Path",
                    "no bucket is known: give it, or --bucket, or both roleArn and a region (AWS_REGION)"
                )
                overlay.fill(["outputDataConfig", "s3Path"], .string(Self.placeholder))
            }
            return
        }
        overlay.fill(["outputDataConfig", "s3Path"], .string(place + "/data"))
        if overlay[["checkpointConfig"]]?.objectValue != nil {
            overlay.fill(["checkpointConfig", "s3Uri"], .string(place + "/checkpoints"))
        }
    }

    // MARK: What lies on this machine

    private func localScript() -> DataLocation? {
        // What is no address at all was reported with the flags.
        guard let option = inputs.options.script,
            let location = try? DataLocation(option.text, relativeTo: inputs.workingDirectory), location.bucket == nil
        else { return nil }
        return location
    }

    private mutating func replaceLocalAddresses(_ place: String?) -> [Submission.Upload] {
        let place = place ?? Self.placeholder
        var uploads: [Submission.Upload] = []
        if case .local(let path)? = localScript(), let flag = inputs.options.script?.source {
            let uri = place + "/script/source.tar.gz"
            overlay.set(Self.scriptURI, .string(uri), from: flag)
            overlay.set(Self.scriptPath + ["compressionType"], "GZIP", from: flag)
            uploads += upload(.script, path, to: uri, flag)
        }
        for (index, element) in (overlay[["inputDataConfig"]]?.arrayValue ?? []).enumerated() {
            let source = element.objectValue?["dataSource"]?.objectValue?["s3DataSource"]?.objectValue?["s3Uri"]
            guard let flag = overlay.flags["inputDataConfig[\(index)]"],
                let name = element.objectValue?["channelName"]?.stringValue, let text = source?.stringValue,
                // A flag's address was read before; only absolute paths come out of it.
                text.hasPrefix("/"), let file = FilePath(text).lastComponent?.string
            else { continue }
            let uri = "\(place)/data/\(name)/\(file)"
            overlay.setChannel(name, uri: uri, from: flag)
            uploads += upload(.channel(name), FilePath(text), to: uri, flag)
        }
        return uploads
    }

    private func upload(
        _ role: Submission.Upload.Role,
        _ source: FilePath,
        to uri: String,
        _ flag: String
    ) -> [Submission.Upload] {
        // It begins with s3:// and a bucket.
        guard let target = try? DataLocation(uri, relativeTo: "/") else { return [] }
        return [Submission.Upload(role: role, source: source, target: target, flag: flag)]
    }

    // MARK: The request

    private mutating func validated() -> JobRequest? {
        do {
            return try JobRequest.parse(
                .object(overlay.document),
                rules: JobRequest.Rules(use: .service, flags: overlay.flags)
            )
        } catch {
            problems += error.problems
            return nil
        }
    }

    private static func warnings(_ request: JobRequest) -> [String] {
        request.hyperParameters.compactMap { parameter in
            SecretDetector.reason(name: parameter.name, value: parameter.value).map {
                "hyperparameter \"\(parameter.name.escaped())\" \($0); the service stores hyperparameters and shows them"
            }
        }
    }
}
