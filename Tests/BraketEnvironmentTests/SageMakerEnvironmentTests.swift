import BraketEnvironment
import RunnerCore
import Testing

@Suite struct SageMakerEnvironmentTests {
    @Test(arguments: SageMakerGolden.all)
    func environmentIsTheToolkitsByteForByte(golden: SageMakerGolden) throws {
        let environment = try golden.environment()
        #expect(environment.userArguments.map { Array($0.utf8) } == golden.userArguments.map { Array($0.utf8) })
        let variables = environment.variables
        #expect(variables.map(\.name) == golden.variables.map(\.name))
        for (variable, expected) in zip(variables, golden.variables) {
            #expect(variable.name.hasSameBytes(as: expected.name))
            #expect(variable.value.hasSameBytes(as: expected.value), "\(variable.name): \(variable.value)")
        }
    }

    @Test func standardFolderIsThatOfTheContainer() {
        let environment = SageMakerEnvironment(
            files: .init(
                hyperparameters: [:],
                inputDataConfig: ["input": [:]],
                resourceConfig: ["current_host": "algo-1", "hosts": ["algo-1"]]
            ),
            machine: .init(cpuCount: 1, gpuCount: 0, neuronCount: 0),
            environment: ProcessEnvironment()
        )
        let variables = ProcessEnvironment(environment.variables)
        #expect(variables["SM_CHANNEL_INPUT"] == "/opt/ml/input/data/input")
        #expect(variables["SM_MODULE_DIR"] == "/opt/ml/code")
        #expect(variables["SM_MODULE_NAME"] == "braket_container")
    }

    /// By normalised form, as Swift's `<` goes, the decomposed letters would come after "f".
    @Test func argumentsAreSortedByCodePoint() {
        let hyperparameters = SageMakerHyperparameters(
            file: ["fx": "4", "e\u{301}x": "5", "o": "{\"f\": 1, \"e\u{301}\": 2}"]
        )
        let expected = ["--e\u{301}x", "5", "--fx", "4", "-o", "e\u{301}=2,f=1"]
        #expect(hyperparameters.arguments.map { Array($0.utf8) } == expected.map { Array($0.utf8) })
    }

    @Test func namesAndTextsThatNoEnvironmentCanHoldAreLeftOut() {
        let environment = SageMakerEnvironment(
            files: .init(
                hyperparameters: ["a=b": "1", "nul": #""\u0000""#, "x\0": "1", "kept": "1"],
                inputDataConfig: [:],
                resourceConfig: [:]
            ),
            machine: .init(cpuCount: 1, gpuCount: 0, neuronCount: 0),
            environment: ProcessEnvironment()
        )
        let names = environment.variables.map(\.name).filter { $0.hasPrefix("SM_HP_") }
        #expect(names == ["SM_HP_KEPT"])
    }

    @Test(
        arguments: [
            ([:], [:], ["", "algo-1", ""]),
            (
                ["sagemaker_job_name": "j", "sagemaker_region": "us-west-2"], ["AWS_DEFAULT_REGION": "x"],
                ["j", "algo-1", "us-west-2"]
            ),
            ([:], ["AWS_DEFAULT_REGION": "eu-west-2"], ["", "algo-1", "eu-west-2"]),
        ] as [(JSONObject, [String: String], [String])]
    )
    func processVariablesAreTheToolkits(hyperparameters: JSONObject, process: [String: String], expected: [String]) {
        let environment = SageMakerEnvironment(
            files: .init(
                hyperparameters: hyperparameters,
                inputDataConfig: [:],
                resourceConfig: ["current_host": "algo-1", "hosts": ["algo-1"]]
            ),
            machine: .init(cpuCount: 1, gpuCount: 0, neuronCount: 0),
            environment: ProcessEnvironment(process.map { ($0.key, $0.value) })
        )
        #expect(environment.processVariables.map(\.name) == ["SAGEMAKER_JOB_NAME", "CURRENT_HOST", "SAGEMAKER_REGION"])
        #expect(environment.processVariables.map(\.value) == expected)
    }
}

extension SageMakerGolden {
    fileprivate func environment() throws -> SageMakerEnvironment {
        SageMakerEnvironment(
            files: .init(
                hyperparameters: try object(hyperparameters),
                inputDataConfig: try object(inputDataConfig),
                resourceConfig: try object(resourceConfig)
            ),
            machine: .init(cpuCount: cpuCount, gpuCount: gpuCount, neuronCount: neuronCount),
            mlDirectory: "/tmp/sm/ml",
            environment: ProcessEnvironment(processEnvironment.map { ($0.key, $0.value) })
        )
    }

    private func object(_ text: String) throws -> JSONObject {
        try #require(try JSONText.parse(text, dialect: .python).objectValue)
    }
}
