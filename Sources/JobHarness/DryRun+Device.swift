import BraketAPI
import BraketEnvironment
import RunnerCore

extension DryRun {
    /// Asks for the device as the run would (`--device-check`).
    func examineDevice(_ configuration: JobConfiguration, _ stores: Stores, _ plan: inout DryRunPlan) async {
        guard configuration.settings.checksDevice, let arn = ResourceARN(configuration.device), arn.kind == .device
        else { return }
        do {
            let check = try await DeviceCheck.ask(stores.s3, arn, jobARN: configuration.settings.jobARN)
            plan.warnings += check.problems.map { "the device check goes without an answer: \($0)" }
            note("device status", check.device?.summary, &plan)
            note("place in the queue", check.jobQueue?.summary, &plan)
            if let failure = check.failure { plan.add(failure) }
        } catch {
            // Only a stop request ends the question, and that ends the dry run, too.
            plan.warnings.append("the device was not checked: \(error)")
        }
    }

    private func note(_ name: String, _ value: String?, _ plan: inout DryRunPlan) {
        guard let value else { return }
        plan.configuration.append(JobConfiguration.Origin(name: name, value: value, source: "Amazon Braket"))
    }
}
