import CLinuxShims
import SystemPackage

/// How many threads can compute at once.
///
/// A container on a machine of 96 cores with a quota of two gets nothing from 96 threads but their memory.
enum ProcessorCount {
    /// The processors this process may run on, less where its group has a smaller quota; at least 1.
    static var available: Int {
        let quotas = [
            quota(unified: text("/sys/fs/cgroup/cpu.max")),
            quota(
                microseconds: text("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
                period: text("/sys/fs/cgroup/cpu/cpu.cfs_period_us")
            ),
        ]
        return max(1, quotas.compactMap { $0 }.reduce(max(1, Int(CLinuxShims_allowed_cores())), min))
    }

    /// The quota in whole processors, rounded up, from cpu.max of control groups version 2: `200000 100000`.
    ///
    /// - Parameter unified: The file's text.
    /// - Returns: nil for `max`, which is no quota, and for what is no such text.
    static func quota(unified: String?) -> Int? {
        let words = (unified ?? "").split { $0 == " " || $0 == "\n" }
        guard words.count == 2 else { return nil }
        return quota(microseconds: String(words[0]), period: String(words[1]))
    }

    /// The same from the two files of version 1, where -1 is no quota.
    ///
    /// - Parameters:
    ///   - microseconds: Processor time in each period.
    ///   - period: The period in microseconds.
    /// - Returns: nil for no quota, and for what is no such text.
    static func quota(microseconds: String?, period: String?) -> Int? {
        let numbers = [microseconds, period].map { Int(($0 ?? "").prefix { $0 != "\n" }) ?? 0 }
        guard numbers.allSatisfy({ $0 > 0 }) else { return nil }
        return (numbers[0] - 1) / numbers[1] + 1
    }

    private static func text(_ path: FilePath) -> String? {
        // Absent outside such a group.
        guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = try? file.closeAfter { try bytes.withUnsafeMutableBytes { try file.read(into: $0) } }
        return count.map { String(decoding: bytes[..<$0], as: UTF8.self) }
    }
}
