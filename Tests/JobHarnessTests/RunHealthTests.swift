import BraketAPI
import ObjectStorage
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import BraketEnvironment
@testable import JobHarness

/// What a health check says.
struct RunHealthTests {
    /// A record, who took the root, and the check's word.
    struct Row: Sendable, CustomTestStringConvertible {
        let status: JobStatus
        let holder: Int?
        let health: RunHealth
        let isHealthy: Bool
        var testDescription: String { "\(status), \(holder.map(String.init) ?? "nobody")" }
    }

    static let rows = [
        Row(status: .completed, holder: 8, health: .good(.completed), isHealthy: true),
        Row(status: .failed, holder: 7, health: .ended(.failed, reason: "why"), isHealthy: false),
        Row(status: .cancelled, holder: nil, health: .ended(.cancelled, reason: "why"), isHealthy: false),
        Row(status: .running, holder: 7, health: .good(.running), isHealthy: true),
        Row(status: .running, holder: 8, health: .abandoned(processID: 8), isHealthy: false),
        Row(status: .cancelling, holder: 7, health: .good(.cancelling), isHealthy: true),
        Row(status: .queued, holder: nil, health: .abandoned(processID: nil), isHealthy: false),
    ]

    @Test("A record and its process decide; only process 7 lives", arguments: rows)
    func judges(_ row: Row) {
        let health = RunHealth(status: row.status, reason: "why", holder: row.holder) { $0 == 7 }
        #expect(health == row.health)
        #expect(health.isHealthy == row.isHealthy)
    }

    @Test("A root without a record waits for its first job; a broken record is no good sign")
    func reads() throws {
        try withTemporaryDirectory { directory in
            let paths = ContainerPaths(root: directory)
            #expect(RunHealth(paths: paths) == .idle)
            try makeDirectories(paths.output)
            try write("{", to: paths.record)
            let health = RunHealth(paths: paths)
            #expect(!health.isHealthy)
            #expect(health.summary.contains("cannot be read"))
        }
    }
}
