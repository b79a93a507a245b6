import BraketAPI
import RunnerCore
import Testing

/// One wrong member at a time, laid over a request that is right.
@Suite struct ValidatorTests {
    @Test(
        arguments: [
            (
                "jobName", "-x",
                #"jobName: "-x": must be letters, digits and '-', with a letter or digit at both ends, matching [a-zA-Z0-9](-*[a-zA-Z0-9]){0,50}"#
            ),
            ("jobName", "", #"jobName: "": must not be empty"#),
            ("jobName", 5, "jobName: 5: must be a string, is an integer (put it in quotes)"),
            ("jobName", ["x": 1], "jobName: must be a string, is an object"),
            (
                "roleArn", "me",
                #"roleArn: "me": must be the ARN of an IAM role, matching arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"#
            ),
            ("outputDataConfig", "s3://b", #"outputDataConfig: "s3://b": must be an object, is a string"#),
            ("outputDataConfig", [:], "outputDataConfig.s3Path: is required"),
            (
                "outputDataConfig", ["s3Path": "s3://b", "kmsKeyId": ""],
                #"outputDataConfig.kmsKeyId: "": must not be empty"#
            ),
            (
                "outputDataConfig", ["s3Path": "s3:///k"],
                #"outputDataConfig.s3Path: "s3:///k": must be an s3:// or https:// location"#
            ),
            (
                "outputDataConfig", ["s3Path": "file:///x"],
                #"outputDataConfig.s3Path: "file:///x": must be an s3:// or https:// location; a local file or folder is given by a flag, not by the document"#
            ),
            (
                "stoppingCondition", ["maxRuntimeInSeconds": 0],
                "stoppingCondition.maxRuntimeInSeconds: 0: must be at least 1"
            ),
            (
                "stoppingCondition", ["maxRuntimeInSeconds": 432_001],
                "stoppingCondition.maxRuntimeInSeconds: 432001: must be at most 432000"
            ),
            (
                "stoppingCondition", ["maxRuntimeInSeconds": 60.0],
                "stoppingCondition.maxRuntimeInSeconds: 60.0: must be an integer"
            ),
            (
                "stoppingCondition", ["maxRuntimeInSeconds": "60"],
                #"stoppingCondition.maxRuntimeInSeconds: "60": must be an integer, is a string"#
            ),
            (
                "stoppingCondition", ["maxRuntimeInSeconds": true],
                "stoppingCondition.maxRuntimeInSeconds: true: must be an integer, is a boolean"
            ),
            (
                "instanceConfig", ["instanceType": "ml.m5.larg", "volumeSizeInGb": 1],
                #"instanceConfig.instanceType: "ml.m5.larg": is not one of the 58 values of CreateJob; did you mean "ml.m5.large"?"#
            ),
            ("instanceConfig", ["instanceType": "ml.m5.large"], "instanceConfig.volumeSizeInGb: is required"),
            (
                "deviceConfig", ["device": "sv1"],
                #"deviceConfig.device: "sv1": must be the ARN of a device or local:<provider>/<simulator>, matching arn:aws[a-z\-]*:braket:[a-z0-9\-]*:[0-9]*:device/.+|local:[^/]+/.+"#
            ),
            ("associations", [[:], [:]], "associations: must have at most 1 elements, has 2"),
            ("associations", [.null], "associations[0]: null: must be an object, is null"),
            ("tags", ["a": 1], "tags.a: 1: must be a string, is an integer (put it in quotes)"),
            (
                "hyperparameters", ["password": "hunter2"],
                #"hyperparameters: is not a member of CreateJob; did you mean "hyperParameters"?"#
            ),
            ("job_nam", "x", #"job_nam: is not a member of CreateJob; did you mean "jobName"?"#),
            ("colour", "x", "colour: is not a member of CreateJob"),
            ("two words\n", "x", #"["two words\n"]: is not a member of CreateJob"#),
        ] as [(String, JSONValue, String)]
    )
    func wrongMemberIsExplained(name: String, value: JSONValue, expected: String) {
        var object = minimalRequest
        object[name] = value
        #expect(problems(.object(object)).first == expected)
    }

    @Test(
        arguments: [
            (["n": 4], "hyperParameters.n: must be a string, is an integer (put it in quotes)"),
            (["n": .null], "hyperParameters.n: must be a string, is null"),
            (["n": ""], "hyperParameters.n: must not be empty"),
            (["n": "SECRET\n"], "hyperParameters.n: must be one line, without a line feed, matching .*"),
            (
                ["n": "SECRET\0"],
                "hyperParameters.n: holds a NUL character, which no file name and no environment variable can"
            ),
            (["": "SECRET"], #"hyperParameters[""]: its name must not be empty"#),
            (["SECRET"], "hyperParameters: must be an object, is an array"),
            ("SECRET", "hyperParameters: must be an object, is a string"),
        ] as [(JSONValue, String)]
    )
    func valuesOfHyperparametersAreNeverShown(value: JSONValue, expected: String) {
        var object = minimalRequest
        object["hyperParameters"] = value
        #expect(problems(.object(object)) == [expected])
    }

    @Test func lengthsAreCountedInCodePoints() {
        var object = minimalRequest
        object["hyperParameters"] = .object([
            String(repeating: "é", count: 256): .string(String(repeating: "😀", count: 2500))
        ])
        #expect(problems(.object(object)).isEmpty)
        object["hyperParameters"] = .object(["k": .string(String(repeating: "\r\n", count: 1251))])
        #expect(problems(.object(object)) == ["hyperParameters.k: must be at most 2500 characters long, has 2502"])
        object["hyperParameters"] = .object(JSONObject((0...100).map { ("k\($0)", "v") }))
        #expect(problems(.object(object)) == ["hyperParameters: must have at most 100 entries, has 101"])
    }

    @Test func longValuesAreShortened() {
        var object = minimalRequest
        object["jobName"] = .string(String(repeating: "x\t", count: 100))
        let line = problems(.object(object)).first ?? ""
        #expect(line.hasPrefix(#"jobName: "x\tx\t"#))
        #expect(line.contains("…\": must be at most 50 characters long, has 200"))
        #expect(line.count < 140)
    }

    @Test(arguments: [
        ("/opt/ml", "must not be in /opt/ml, which is reserved"),
        ("/opt//ml/./checkpoints", "must not be in /opt/ml, which is reserved"),
        ("/opt/braket/model", "must not be in /opt/braket, which is reserved"),
        ("/opt/braket", "must not be in /opt/braket, which is reserved"),
        ("/tmp/x", "must not be in /tmp, which is reserved"),
        ("/usr/local/nvidia/", "must not be in /usr/local/nvidia, which is reserved"),
        ("checkpoints", "must be an absolute path"),
        ("/opt/jobs/../ml", #"must not contain "..""#),
        ("//", "must not be the root folder"),
        ("/opt/braket/checkpoints", nil), ("/opt/braket/checkpoints/a", nil), ("/opt/jobs/checkpoints/", nil),
        ("/opt/mlx", nil), ("/tmpx", nil), ("/opt/ml..", nil),
    ])
    func checkpointFolderMustNotBeReserved(localPath: String, message: String?) {
        var object = minimalRequest
        object["checkpointConfig"] = ["s3Uri": "s3://b/c", "localPath": .string(localPath)]
        let expected = message.map { [#"checkpointConfig.localPath: "\#(localPath)": \#($0)"#] } ?? []
        #expect(problems(.object(object)) == expected)
    }

    @Test func channelNamesAreFoldersAndDistinct() {
        var object = minimalRequest
        object["inputDataConfig"] = .array(
            ["a", ".", "a", "..", "a/b"].map { name in
                ["channelName": .string(name), "dataSource": ["s3DataSource": ["s3Uri": "s3://b/k"]]]
            }
        )
        #expect(
            problems(.object(object)) == [
                #"inputDataConfig[4].channelName: "a/b": must be letters, digits, '.', '-' and '_', matching [A-Za-z0-9\.\-_]+"#,
                #"inputDataConfig[1].channelName: ".": must not be "." or ".." (it names a folder)"#,
                #"inputDataConfig[2].channelName: "a": is also the name of inputDataConfig[0]"#,
                #"inputDataConfig[3].channelName: "..": must not be "." or ".." (it names a folder)"#,
            ]
        )
    }

    @Test func severalInstancesNeedALocalDevice() {
        var object = minimalRequest
        object["instanceConfig"] = ["instanceType": "ml.m5.large", "volumeSizeInGb": 1, "instanceCount": 2]
        #expect(problems(.object(object)).isEmpty)
        object["deviceConfig"] = ["device": "arn:aws:braket:::device/quantum-simulator/amazon/sv1"]
        #expect(
            problems(.object(object)) == [
                "instanceConfig.instanceCount: 2: must be 1 with the device arn:aws:braket:::device/quantum-simulator/"
                    + "amazon/sv1; only local: devices run on several instances"
            ]
        )
    }

    @Test func entryPointMustNotBeEmpty() {
        var object = minimalRequest
        object["algorithmSpecification"] = ["scriptModeConfig": ["entryPoint": "", "s3Uri": "s3://b/k"]]
        #expect(
            problems(.object(object)) == [
                #"algorithmSpecification.scriptModeConfig.entryPoint: "": must not be empty"#
            ]
        )
    }
}
