import BraketEnvironment
import SystemPackage
import Testing

@Suite struct ContainerPathsTests {
    /// The table of contract §2.1.
    @Test func theTree() {
        let paths = ContainerPaths(root: "/opt")
        let tree = [
            (paths.ml, "/opt/ml"), (paths.braket, "/opt/braket"), (paths.code, "/opt/ml/code"),
            (paths.original, "/opt/braket/code/customer_code/original"),
            (paths.extracted, "/opt/braket/code/customer_code/extracted"),
            (paths.additionalSetup, "/opt/braket/additional_setup"), (paths.inputConfig, "/opt/ml/input/config"),
            (paths.hyperparameters, "/opt/ml/input/config/hyperparameters.json"),
            (paths.inputDataConfig, "/opt/ml/input/config/inputdataconfig.json"),
            (paths.resourceConfig, "/opt/ml/input/config/resourceconfig.json"), (paths.inputData, "/opt/ml/input/data"),
            (paths.model, "/opt/ml/model"), (paths.output, "/opt/ml/output"), (paths.outputData, "/opt/ml/output/data"),
            (paths.failure, "/opt/ml/output/failure"), (paths.record, "/opt/ml/output/job.json"),
        ]
        for (path, expected) in tree { #expect(path.string == expected) }
        #expect(
            paths.braketText("input/config/hyperparameters.json") == "/opt/braket/input/config/hyperparameters.json"
        )
        #expect(ContainerPaths(root: "/x/./y/../z").ml == "/x/z/ml")
    }

    @Test(
        arguments: [
            ("/opt/jobs/checkpoints", "/r/jobs/checkpoints"), ("/opt/ml/model", "/r/ml/model"),
            ("/opt/jobs/", "/r/jobs"), ("/opt//jobs/./x", "/r/jobs/x"), ("/opt/a/../b", "/r/b"),
            // Not below /opt, whatever it looks like.
            ("/opt", "/opt"), ("/opt/", "/opt"), ("/optional/x", "/optional/x"), ("/home/user", "/home/user"),
            ("/opt/../etc", "/etc"), ("/", "/"), ("opt/x", "opt/x"), ("/a/opt/x", "/a/opt/x"),
        ])
    func rerooted(path: String, expected: String) {
        #expect(ContainerPaths(root: "/r").rerooted(FilePath(path)).string == expected)
    }

    @Test func theContainersOwnRootChangesNothing() {
        #expect(ContainerPaths(root: "/opt").rerooted("/opt/jobs/x") == "/opt/jobs/x")
    }
}

@Suite struct EnvironmentKeyTests {
    @Test func variablesOfOptions() {
        #expect(EnvironmentKey.variable(of: "job-name") == "BRAKET_RUNNER_JOB_NAME")
        #expect(EnvironmentKey.variable(of: "root") == "BRAKET_RUNNER_ROOT")
    }
}

@Suite struct ProcessEnvironmentTests {
    @Test func theLastOfRepeatedNamesCounts() {
        var environment = ProcessEnvironment([("A", "1"), ("B", ""), ("A", "2"), ("\u{e9}", "c"), ("e\u{301}", "d")])
        #expect(environment["A"] == "2")
        #expect(environment.nonEmpty("A") == "2")
        #expect(environment["B"] == "")
        #expect(environment.nonEmpty("B") == nil)
        #expect(environment["C"] == nil)
        #expect(environment["\u{e9}"] == "c")
        #expect(environment.variables.map(\.name).count == 4)
        environment["A"] = nil
        environment["C"] = "3"
        #expect(environment.variables.map(\.value) == ["", "c", "d", "3"])
    }
}
