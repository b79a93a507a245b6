import AWSRequests
import AWSSigning
import RunnerCore

/// How a program of `credential_process` ended.
package struct ProcessOutput: Sendable {
    /// The exit status; 128 + n when signal n ended it.
    package let status: Int32
    /// What it wrote to standard output: secrets.
    package let standardOutput: [UInt8]

    /// Makes an output.
    ///
    /// - Parameters:
    ///   - status: The exit status.
    ///   - standardOutput: What it wrote to standard output.
    package init(status: Int32, standardOutput: [UInt8]) {
        self.status = status
        self.standardOutput = standardOutput
    }
}

/// Runs a program without a shell and takes its standard output; the words are the program and its arguments.
package typealias ProcessRunner = @Sendable (_ command: [String]) async throws -> ProcessOutput

/// Credentials that a program prints, by `credential_process` of a profile.
struct ProcessCredentials {
    /// Runs the program.
    let run: ProcessRunner

    /// Runs the program and reads what it prints.
    ///
    /// - Parameters:
    ///   - command: The command line as the profile has it.
    ///   - profile: The profile, for messages.
    /// - Returns: The credential.
    /// - Throws: What is wrong; never what the program printed.
    func load(_ command: String, profile: String) async throws -> ResolvedCredential {
        let name = "credential_process of profile \(profile.escaped())"
        guard let words = shellWords(command), let program = words.first else {
            throw CredentialError(.invalidConfiguration, "\(name) is no command: a quote is left open, or it is empty")
        }
        let output: ProcessOutput
        do {
            output = try await run(words)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw CredentialError(.sourceFailed, "\(name) cannot run \(program.escaped()): \(error)")
        }
        guard output.status == 0 else {
            throw CredentialError(.sourceFailed, "\(name) ended with exit status \(output.status)")
        }
        return try Self.credential(output.standardOutput, name, source: "process of profile \(profile.escaped())")
    }

    private static func credential(
        _ bytes: [UInt8],
        _ name: String,
        source: String
    ) throws(CredentialError) -> ResolvedCredential {
        // What the parser says of the text is left out: it may show a piece of it.
        guard let fields = (try? JSONText.parse(bytes))?.objectValue else {
            throw CredentialError(.sourceFailed, "\(name) printed something that is no JSON object")
        }
        guard fields["Version"]?.intValue == 1 else {
            throw CredentialError(.sourceFailed, "\(name) printed an object whose Version is not 1")
        }
        let names = CredentialFields.Names(
            key: "AccessKeyId",
            secret: "SecretAccessKey",
            token: "SessionToken",
            expiration: "Expiration"
        )
        return try CredentialFields.read(fields, names, of: name, isEnding: false, source: source)
    }
}
