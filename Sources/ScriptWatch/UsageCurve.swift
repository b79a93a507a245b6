/// The course of memory and CPU over a run of any length, in memory of a fixed size.
///
/// A point covers one second at first. When there is no room for another one, pairs are merged and points cover twice
/// as long: the higher memory and the mean CPU of the two. After a day a point covers about six minutes.
package struct UsageCurve: Sendable {
    /// The most points a curve keeps.
    package static let maximumPoints = 240

    /// How many seconds a point covers; the last one may cover less.
    package private(set) var intervalSeconds = 1.0
    /// The highest memory within each point, in bytes.
    package private(set) var memoryBytes: [Int64] = []
    /// The mean number of cores in use within each whole point.
    private var wholeCores: [Double] = []
    /// What is known of the point that has begun.
    private var openSeconds = 0.0
    private var openCPUSeconds = 0.0

    /// Makes a curve without points.
    package init() {}

    /// The mean number of cores in use within each point.
    package var cores: [Double] {
        openSeconds > 0 ? wholeCores + [openCPUSeconds / openSeconds] : wholeCores
    }

    /// Adds what was seen over some time; a time longer than a point is spread over several.
    ///
    /// - Parameters:
    ///   - seconds: How long ago the look before was.
    ///   - memory: The memory now.
    ///   - cpuSeconds: CPU time used since the look before.
    package mutating func add(seconds: Double, memoryBytes memory: Int64, cpuSeconds: Double) {
        guard seconds > 0 else { return }
        let cores = cpuSeconds / seconds
        var rest = seconds
        while rest > 0 {
            if openSeconds == 0 {
                if wholeCores.count == Self.maximumPoints { halve() }
                memoryBytes.append(memory)
            }
            memoryBytes[memoryBytes.count - 1] = max(memoryBytes[memoryBytes.count - 1], memory)
            let part = min(rest, intervalSeconds - openSeconds)
            openSeconds += part
            openCPUSeconds += part * cores
            rest -= part
            // Sleeps are never exact: a point that lacks a thousandth is whole, or every second sample made two.
            if openSeconds >= intervalSeconds * 0.999 {
                wholeCores.append(openCPUSeconds / openSeconds)
                (openSeconds, openCPUSeconds) = (0, 0)
                if rest < intervalSeconds * 0.001 { rest = 0 }
            }
        }
    }

    private mutating func halve() {
        memoryBytes = stride(from: 0, to: memoryBytes.count, by: 2).map { index in
            memoryBytes[index..<min(index + 2, memoryBytes.count)].max() ?? 0
        }
        wholeCores = stride(from: 0, to: wholeCores.count, by: 2).map { index in
            let pair = wholeCores[index..<min(index + 2, wholeCores.count)]
            return pair.reduce(0, +) / Double(pair.count)
        }
        intervalSeconds *= 2
    }
}
