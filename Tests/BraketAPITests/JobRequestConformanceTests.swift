import BraketAPI
import RunnerCore
import RunnerTestSupport
import Testing

/// Requests that the Braket SDK made from published examples, which the service would take.
@Suite struct JobRequestConformanceTests {
    static let jobs = Suites.rows("jobs", of: "braket-create-job/create-job.json")

    @Test(.enabled(if: !jobs.isEmpty, "\(Suites.absent)"), arguments: jobs)
    func requestsOfTheSDKHaveNoProblems(_ job: Row) throws {
        let arguments = try #require(job.object["create_job_boto3"])
        let body = try #require(job.row("http").object["body"])
        #expect(problems(arguments) == [])
        #expect(problems(body) == [])
        #expect(problems(body, rules: .init(use: .service)) == [])
        #expect(try JobRequest.parse(body).document == body.objectValue)
    }
}
