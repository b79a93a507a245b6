import BraketAPI
import BraketEnvironment
import BraketService
import Logging
import RunnerCore

extension Job {
    /// Looks at the device before anything is fetched (`--device-check`).
    ///
    /// A service that does not answer ends no job: it may be that only this role may not ask.
    ///
    /// - Throws: `JobFailure` for a device that is offline or retired, and for a stop meanwhile.
    func checkDevice() async throws(JobFailure) {
        guard configuration.settings.checksDevice else { return }
        guard let arn = ResourceARN(configuration.device), arn.kind == .device else {
            logger.info("no device to check", metadata: ["device": "\(configuration.device.escaped())"])
            return
        }
        let jobARN = configuration.settings.jobARN
        let check = try await phase("checking the device", of: .fetch) { [stores] in
            try await DeviceCheck.ask(stores.s3, arn, jobARN: jobARN)
        }
        record.set("device", check.json)
        for problem in check.problems { logger.warning("the device check goes without an answer: \(problem)") }
        if let device = check.device {
            logger.info("device: \(device.summary)", metadata: ["device.arn": "\(arn)"])
        }
        if let place = check.jobQueue { logger.info("this job: \(place.summary)") }
        if let failure = check.failure { throw failure }
    }
}

/// What the service says of a job's device and of the job's place in the queue.
struct DeviceCheck: Sendable {
    /// The device's ARN.
    let arn: String
    /// When it was asked for.
    let time: Timestamp
    /// The device; nil when the service did not answer.
    var device: DeviceDescription?
    /// The job's own place; nil when the job's ARN is not known or the service did not answer.
    var jobQueue: QueuePlace?
    /// Why there is no answer, a sentence each.
    var problems: [String] = []

    /// Asks the service.
    ///
    /// - Parameters:
    ///   - access: The way to AWS.
    ///   - arn: The device.
    ///   - jobARN: The job; nil when it is not known.
    /// - Returns: What it says.
    /// - Throws: `CancellationError`.
    static func ask(_ access: S3Access, _ arn: ResourceARN, jobARN: ResourceARN?) async throws -> DeviceCheck {
        var check = DeviceCheck(arn: arn.description, time: .now())
        do {
            check.device = try await access.braket(for: arn).device(arn.description)
        } catch let error as BraketServiceError {
            check.problems.append(error.description)
        }
        guard let jobARN else { return check }
        do {
            check.jobQueue = try await access.braket(for: jobARN).job(jobARN.description).queue
        } catch let error as BraketServiceError {
            check.problems.append(error.description)
        }
        return check
    }

    /// Why the job cannot go on; nil when it can, or nothing is known.
    var failure: JobFailure? {
        guard let device, let status = device.knownStatus, status != .online else { return nil }
        let name = [device.name.map { "\($0.escaped(limit: 80)) " } ?? "", "(\(arn.escaped()))"].joined()
        return JobFailure(
            .deviceUnavailable,
            .deviceUnavailable,
            "The device \(name) is \(status.rawValue).",
            details: [
                status == .retired
                    ? "It will not come back: choose another device."
                    : "It takes no quantum tasks now; submit again when `braket-runner queue \(arn)` shows it ONLINE."
            ]
        )
    }

    /// The check as `runner.device` of the record.
    var json: JSONValue {
        var object: JSONObject = ["arn": .string(arn), "checkedAt": .string(time.description)]
        if let device {
            object["name"] = device.name.map(JSONValue.string)
            object["status"] = .string(device.status)
            object["queues"] = device.json["deviceQueueInfo"]
        }
        if let jobQueue {
            object["jobQueue"] = ["queue": .string(jobQueue.queue), "position": .string(jobQueue.position)]
        }
        if !problems.isEmpty { object["problems"] = .array(problems.map(JSONValue.string)) }
        return .object(object)
    }
}
