import ProcessSupervision
import RunnerCore
import SystemPackage

/// What nvidia-smi says of one GPU, and the highest it has said.
package struct GPUUsage: Hashable, Sendable {
    /// Its number.
    package let index: Int
    /// Its model.
    package let name: String
    /// Its memory.
    package let memoryTotalBytes: Int64?
    /// The most of its memory that was in use.
    package var peakMemoryBytes: Int64?
    /// How much of the time before the last look it worked, in percent.
    package var utilizationPercent: Int?
    /// The highest of these.
    package var peakUtilizationPercent: Int?

    /// What nvidia-smi is asked.
    static let arguments = [
        "--query-gpu=index,name,memory.total,memory.used,utilization.gpu", "--format=csv,noheader,nounits",
    ]

    /// Reads the answer: `0, Tesla V100-SXM2-16GB, 16160, 5, 97`, a line a GPU; `[N/A]` where it cannot tell.
    ///
    /// - Parameter text: The answer; other lines, such as warnings of the driver, are passed over.
    /// - Returns: The GPUs.
    package static func parse(_ text: String) -> [GPUUsage] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let fields = line.split(separator: ",").map { field in
                String(field.drop { $0 == " " }.prefix(while: { $0 != "\r" }))
            }
            guard fields.count >= 5, let index = Int(fields[0]) else { return nil }
            // A name may hold a comma, the numbers do not.
            let numbers = fields.suffix(3).map { Int64($0) }
            let mebibyte: Int64 = 1 << 20
            return GPUUsage(
                index: index,
                name: fields[1..<(fields.count - 3)].joined(separator: ", "),
                memoryTotalBytes: numbers[0].map { $0 &* mebibyte },
                peakMemoryBytes: numbers[1].map { $0 &* mebibyte },
                utilizationPercent: numbers[2].map { Int($0) },
                peakUtilizationPercent: numbers[2].map { Int($0) }
            )
        }
    }

    /// The highest of two looks at the same GPUs.
    ///
    /// - Parameters:
    ///   - earlier: What was known.
    ///   - latest: What is said now.
    /// - Returns: The latest look, with the peaks of both; a GPU that is not answered for any more keeps its peaks only.
    package static func merging(_ earlier: [GPUUsage], _ latest: [GPUUsage]) -> [GPUUsage] {
        let merged = latest.map { gpu in
            guard let before = earlier.first(where: { $0.index == gpu.index }) else { return gpu }
            var merged = gpu
            merged.peakMemoryBytes = [before.peakMemoryBytes, gpu.peakMemoryBytes].compactMap { $0 }.max()
            merged.peakUtilizationPercent =
                [before.peakUtilizationPercent, gpu.peakUtilizationPercent].compactMap { $0 }.max()
            return merged
        }
        let gone = earlier.filter { gpu in !latest.contains { $0.index == gpu.index } }
        return merged
            + gone.map { gpu in
                var silent = gpu
                silent.utilizationPercent = nil
                return silent
            }
    }

    /// Asks nvidia-smi.
    ///
    /// - Parameters:
    ///   - program: Its file.
    ///   - path: The value of PATH.
    /// - Returns: The GPUs; none when it fails or takes longer than ten seconds, as with a driver that hangs.
    static func ask(_ program: FilePath, path: String?) async -> [GPUUsage] {
        let specification = ProcessSpecification(
            executable: program,
            arguments: ["nvidia-smi"] + arguments,
            environment: [("PATH", path ?? "")],
            workingDirectory: "/"
        )
        return await withTaskGroup(of: [GPUUsage]?.self) { group in
            group.addTask {
                // Figures are no reason to end a job: without an answer there are none.
                guard let run = try? await CapturedRun.run(specification, output: nil), run.exit.shellCode == 0
                else { return [] }
                return parse(run.tail)
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(10), clock: .continuous)  // Cancelled when the answer is there.
                return nil
            }
            defer { group.cancelAll() }
            return (await group.next() ?? nil) ?? []
        }
    }
}
