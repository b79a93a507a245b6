import BraketAPI
import BraketEnvironment
import BraketService
package import Logging
package import ProcessSupervision
import RunnerCore

/// Asks Amazon Braket about devices, jobs and tasks, and prints what it says.
package struct ServiceQuery: Sendable {
    private let access: S3Access
    private let signals: JobSignals
    private let printsJSON: Bool
    private let logger: Logger

    /// Makes a query; nothing is sent yet.
    ///
    /// - Parameters:
    ///   - inputs: What the program was started with; of its options only those of the store count.
    ///   - signals: The signals of the process.
    ///   - printsJSON: Whether the service's own answers are printed.
    ///   - logger: The runner's own log.
    package init(inputs: RunInputs, signals: JobSignals, printsJSON: Bool, logger: Logger) {
        let settings = StoreSettings.read(inputs.options.store).settings
        access = S3Access(environment: inputs.environment, settings: settings, logger: logger)
        self.signals = signals
        self.printsJSON = printsJSON
        self.logger = logger
    }

    /// Prints status and queues of devices.
    ///
    /// - Parameter names: Their ARNs; none for all devices of the region that are not retired.
    /// - Returns: The exit code: that of the first device that could not be asked for.
    package func queues(_ names: [String]) async -> Int32 {
        await run {
            let arns = names.isEmpty ? try await deviceNames() : names
            var devices: [DeviceDescription] = []
            var failure: BraketServiceError?
            for name in arns {
                do {
                    let arn = try resource(name, [.device])
                    devices.append(try await access.braket(for: arn).device(name))
                } catch let error as BraketServiceError {
                    logger.error("\(error)")
                    failure = failure ?? error
                }
            }
            printLine(printsJSON ? JSONValue.array(devices.map(\.queueJSON)).serialized(pretty: true) : text(devices))
            return failure?.exitCode ?? .success
        }
    }

    /// Prints what the service says of a job, a quantum task or a device.
    ///
    /// - Parameter name: The ARN.
    /// - Returns: The exit code; how a job ended does not change it.
    package func status(_ name: String) async -> Int32 {
        await run {
            let arn = try resource(name, [.job, .quantumTask, .device])
            let client = try await access.braket(for: arn)
            switch arn.kind {
            case .job: show(try await client.job(name)) { ($0.json, $0.text) }
            case .quantumTask: show(try await client.quantumTask(name)) { ($0.json, $0.text) }
            case .device: show(try await client.device(name)) { ($0.json, $0.text) }
            }
            return .success
        }
    }

    /// Asks a job to end.
    ///
    /// - Parameter name: The job's ARN.
    /// - Returns: The exit code.
    package func cancel(_ name: String) async -> Int32 {
        await run {
            let arn = try resource(name, [.job])
            show(try await access.braket(for: arn).cancelJob(name)) { ($0.json, "\($0.arn): \($0.status)") }
            return .success
        }
    }

    private func show<Answer>(_ answer: Answer, _ forms: (Answer) -> (json: JSONObject, text: String)) {
        let (json, text) = forms(answer)
        printLine(printsJSON ? JSONValue.object(json).serialized(pretty: true) : text)
    }

    private func text(_ devices: [DeviceDescription]) -> String {
        devices.isEmpty ? "no devices" : devices.map(\.text).joined(separator: "\n")
    }

    private func deviceNames() async throws -> [String] {
        let client = try await access.braket()
        return try await client.searchDevices().filter { $0.knownStatus != .retired }.map(\.arn)
    }

    private func resource(_ name: String, _ kinds: [ResourceARN.Kind]) throws(BraketServiceError) -> ResourceARN {
        if let arn = ResourceARN(name), kinds.contains(arn.kind) { return arn }
        let wanted = kinds.map { "a \($0.rawValue)" }.joined(separator: " or ")
        throw BraketServiceError(
            .invalid,
            "\"\(name.escaped())\" is no ARN of \(wanted), which looks like arn:aws:braket:REGION:ACCOUNT:"
                + "\(kinds[0].rawValue)/…"
        )
    }

    private func run(_ body: @escaping @Sendable () async throws -> ExitCode) async -> Int32 {
        do {
            return try await signals.cancelling(body).rawValue
        } catch is CancellationError {
            return ExitCode.stopped.rawValue
        } catch let error as BraketServiceError {
            logger.error("\(error)")
            return error.exitCode.rawValue
        } catch {
            logger.error("\(error)")
            return ExitCode.internalFault.rawValue
        }
    }
}
