import BraketEnvironment
import ProcessSupervision
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

extension SageMakerEnvironment.Machine {
    /// What the toolkit would find on this machine (contract §1.4).
    ///
    /// Starts `nvidia-smi` and `neuron-ls` where they are there; a machine without them pays nothing.
    ///
    /// - Parameter path: The value of PATH.
    /// - Returns: The numbers for SM_NUM_CPUS, SM_NUM_GPUS and SM_NUM_NEURONS.
    static func current(path: String?) async -> SageMakerEnvironment.Machine {
        let gpus = await output(of: "nvidia-smi", ["--list-gpus"], path: path)
            .split(separator: "\n").count { $0.hasPrefix("GPU ") }
        var machine = SageMakerEnvironment.Machine(
            cpuCount: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            gpuCount: gpus,
            neuronCount: neuronCores(in: await output(of: "neuron-ls", ["-j"], path: path))
        )
        machine.hasSMDDPRun = findExecutable("smddprun", path: path) != nil
        machine.hasSMDDPMPRun = findExecutable("smddpmprun", path: path) != nil
        return machine
    }

    /// The sum of `nc_count` in the JSON of neuron-ls.
    private static func neuronCores(in text: String) -> Int {
        let marker = "\"nc_count\":"
        return text.split(separator: marker).dropFirst().reduce(0) { sum, rest in
            sum + (Int(rest.drop { $0 == " " }.prefix { $0.isNumber }) ?? 0)
        }
    }

    private static func output(of program: String, _ arguments: [String], path: String?) async -> String {
        guard let executable = findExecutable(program, path: path) else { return "" }
        let specification = ProcessSpecification(
            executable: executable,
            arguments: [program] + arguments,
            environment: [("PATH", path ?? "")],
            workingDirectory: "/"
        )
        // A driver that does not answer means no GPU: a hanging one must not keep the job.
        return await withTaskGroup(of: String?.self) { group in
            group.addTask {
                guard let run = try? await CapturedRun.run(specification, output: nil) else { return "" }
                return run.exit.shellCode == 0 ? run.tail : ""
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(10), clock: .continuous)
                return nil
            }
            defer { group.cancelAll() }
            return (await group.next() ?? nil) ?? ""
        }
    }
}
