import BraketAPI
import RunnerCore
import SystemPackage
import Testing

@testable import BraketEnvironment

struct UploadRuleTests {
    @Test(
        "what --upload takes",
        arguments: [
            ("out=always", "uploads/out.tar.gz", .always), ("./out/=success", "uploads/out.tar.gz", .success),
            ("a/b.npy=failure", "uploads/a/b.npy.tar.gz", .failure),
            ("lr=0.1=always", "uploads/lr=0.1.tar.gz", .always),
            ("/tmp/x=always", "uploads/tmp/x.tar.gz", .always), (".=always", "uploads/all.tar.gz", .always),
            ("results=failure", nil, .failure), ("data=success", nil, .success),
        ] as [(String, String?, UploadRule.Policy)]
    )
    func right(_ text: String, _ objectName: String?, _ policy: UploadRule.Policy) {
        let (rules, problems) = UploadRule.read([OptionValue(text, source: "--upload")])
        #expect(problems.isEmpty)
        #expect(rules.map(\.policy) == [policy])
        #expect(rules.first?.objectName == objectName)
    }

    @Test(
        "what it does not take, with its source and value",
        arguments: ["out", "=always", "out=", "out=never", "../x=always", "a/../../b=always", ""]
    )
    func wrong(_ text: String) {
        let (rules, problems) = UploadRule.read([OptionValue(text, source: "BRAKET_RUNNER_UPLOAD")])
        #expect(rules.isEmpty)
        #expect(problems.map(\.path) == ["BRAKET_RUNNER_UPLOAD"])
        #expect(problems.first?.value?.contains(text) == true)
    }

    @Test("two that would be the same object are refused")
    func same() {
        for pair in [["a=always", "a=failure"], ["/a=always", "a=always"], ["data=always", "data=failure"]] {
            let (rules, problems) = UploadRule.read(pair.map { OptionValue($0, source: "--upload") })
            #expect(rules.count == 1 && problems.count == 1)
        }
    }

    @Test("which ends each policy means")
    func policies() {
        let applies = UploadRule.Policy.allCases.map { policy in [true, false].map { policy.applies(succeeded: $0) } }
        #expect(applies == [[true, true], [true, false], [false, true]])
        #expect([UploadRule]().policy(of: .results) == .always)
    }
}
