package import RunnerCore
package import SystemPackage

/// The options that only `submit` has, as texts.
package struct SubmissionOptions: Sendable {
    /// The bucket for what is uploaded.
    package var bucket: OptionValue?
    /// The role that the job runs as.
    package var roleARN: OptionValue?
    /// The instances' type.
    package var instanceType: OptionValue?
    /// The size of their volumes in gigabytes.
    package var volumeSize: OptionValue?
    /// The folder for the results.
    package var results: OptionValue?
    /// How often the job is asked for, in seconds.
    package var poll: OptionValue?

    /// Makes options with nothing given.
    package init() {}
}

/// What is drawn or measured for a submission, so that its rules are pure.
package struct SubmissionIdentity: Hashable, Sendable {
    /// Keeps the service from making a second job when the request is sent again.
    package let clientToken: String
    /// When it was submitted; stands in the keys of what is uploaded, so that no two submissions share one.
    package let time: Timestamp
    /// The region that the settings name; nil when they name none.
    package let region: String?

    /// Makes an identity.
    ///
    /// - Parameters:
    ///   - clientToken: 1 to 64 characters that nobody else draws.
    ///   - time: When it was submitted.
    ///   - region: The region that the settings name.
    package init(clientToken: String, time: Timestamp, region: String?) {
        self.clientToken = clientToken
        self.time = time
        self.region = region
    }
}

/// A request that the service takes, and what must lie in the store before it is sent.
package struct Submission: Hashable, Sendable {
    /// Something of this machine that the job needs.
    package struct Upload: Hashable, Sendable {
        /// What it is to the job.
        package enum Role: Hashable, Sendable {
            /// The script, packed as `source.tar.gz`.
            case script
            /// The files of a channel, as they are.
            case channel(String)
        }

        /// What it is to the job.
        package let role: Role
        /// The file or folder.
        package let source: FilePath
        /// The object, or the prefix of a folder's objects.
        package let target: DataLocation
        /// The flag that named it.
        package let flag: String
    }

    /// The request of CreateJob.
    package let request: JSONObject
    /// The job's name.
    package let jobName: String
    /// What is run of the script.
    package let entryPoint: String
    /// What is uploaded first.
    package let uploads: [Upload]
    /// The folder for the results.
    package let results: FilePath
    /// How often the job is asked for, in seconds.
    package let pollSeconds: Int
    /// How the store is reached.
    package let store: StoreSettings
    /// What is no mistake, but worth a line.
    package let warnings: [String]
}
