import BraketAPI
import RunnerCore
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Requests that the Braket SDK made from published examples, which the service would take.
@Suite struct JobRequestConformanceTests {
    @Test(.enabled(if: Suites.jobs != nil, "skipped: no suite braket-create-job; set BRAKET_SUITES to its folder"))
    func requestsOfTheSDKHaveNoProblems() throws {
        let jobs = try #require(try readJobs())
        var count = 0
        for job in jobs {
            let name = try #require(job["name"]?.stringValue)
            let arguments = try #require(job["create_job_boto3"])
            let body = try #require(job["http"]?.objectValue?["body"])
            #expect(problems(arguments) == [], "\(name)")
            #expect(problems(body) == [], "\(name)")
            #expect(problems(body, rules: .init(use: .service)) == [], "\(name)")
            #expect(try JobRequest.parse(body).document == body.objectValue, "\(name)")
            count += 2
        }
        #expect(count > 0)
        print("braket-create-job: \(count) requests of \(jobs.count) jobs are valid")
    }

    private func readJobs() throws -> [JSONObject]? {
        guard let path = Suites.jobs else { return nil }
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65536)
            while case let count = try chunk.withUnsafeMutableBytes({ try file.read(into: $0) }), count > 0 {
                bytes += chunk[..<count]
            }
            return try JSONText.parse(bytes).objectValue?["jobs"]?.arrayValue?.compactMap(\.objectValue)
        }
    }
}

/// Where the shared test suites are: `$BRAKET_SUITES`, else `shared/suites` beside the repository.
private enum Suites {
    static var jobs: FilePath? {
        let path = root.appending("braket-create-job/create-job.json")
        return access(path.string, R_OK) == 0 ? path : nil
    }

    private static var root: FilePath {
        if let folder = getenv("BRAKET_SUITES") { return FilePath(String(cString: folder)) }
        // The sources may be reached through a link, beside which there are no suites.
        guard let resolved = realpath(#filePath, nil) else { return "../shared/suites" }
        defer { free(resolved) }
        let repository = FilePath(String(cString: resolved)).removingLastComponent().removingLastComponent()
            .removingLastComponent()
        return repository.removingLastComponent().appending("shared/suites")
    }
}
