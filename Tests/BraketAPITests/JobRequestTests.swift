import BraketAPI
import RunnerCore
import Testing

@Suite struct JobRequestTests {
    @Test func minimalRequestOfALocalRunIsRead() throws {
        let request = try JobRequest.parse(.object(minimalRequest))
        #expect(request.jobName == "job-1")
        #expect(request.algorithmSpecification.scriptModeConfig.entryPoint == "pkg.main:run")
        #expect(request.algorithmSpecification.scriptModeConfig.compressionType == nil)
        #expect(request.outputDataConfig.s3Path == "s3://bucket/jobs/job-1")
        #expect(request.deviceConfig.isLocal)
        #expect(request.inputDataConfig.isEmpty)
        #expect(request.checkpointConfig == nil)
        #expect(request.stoppingCondition.maxRuntimeInSeconds == nil)
        #expect(request.instanceConfig == nil)
        #expect(request.document == minimalRequest)
    }

    @Test func everyMemberIsRead() throws {
        let request = try JobRequest.parse(fullRequest, rules: .init(use: .localRun))
        let script = request.algorithmSpecification.scriptModeConfig
        #expect(script.compressionType == .gzip)
        #expect(request.algorithmSpecification.containerImage?.uri.hasSuffix(":latest") == true)
        #expect(request.inputDataConfig.map(\.channelName) == ["train", "list"])
        #expect(request.inputDataConfig.map(\.contentType) == ["text/csv", nil])
        #expect(request.inputDataConfig.map(\.s3Uri) == ["s3://b/data", "s3://b/manifest"])
        #expect(request.inputDataConfig.map(\.s3DataType) == [.s3Prefix, .manifestFile])
        #expect(request.outputDataConfig.kmsKeyId == "alias/k")
        #expect(request.checkpointConfig?.s3Uri == "s3://b/cp")
        #expect(request.checkpointConfig?.localPath == "/opt/braket/checkpoints")
        #expect(request.stoppingCondition.maxRuntimeInSeconds == 3600)
        #expect(request.instanceConfig?.instanceType == "ml.m5.large")
        #expect(request.instanceConfig?.volumeSizeInGb == 30)
        #expect(request.instanceConfig?.instanceCount == 1)
        #expect(request.hyperParameters.map(\.name) == ["z", "a"])
        #expect(request.hyperParameters.map(\.value) == ["1", "x y"])
        #expect(request.tags.map(\.key) == ["team"])
        #expect(request.associations.map(\.type) == ["RESERVATION_TIME_WINDOW_ARN"])
        #expect(request.roleARN?.hasSuffix("role/jobs") == true)
        #expect(request.clientToken == "token-1")
    }

    @Test func nullMembersCountAsAbsentAndLeaveTheDocument() throws {
        var object = minimalRequest
        object["checkpointConfig"] = .null
        object["tags"] = .null
        object["algorithmSpecification"] = [
            "scriptModeConfig": ["entryPoint": "m", "s3Uri": "s3://b/k", "compressionType": .null],
            "containerImage": .null,
        ]
        let request = try JobRequest.parse(.object(object))
        #expect(request.document["tags"] == nil)
        #expect(
            request.document["algorithmSpecification"] == [
                "scriptModeConfig": ["entryPoint": "m", "s3Uri": "s3://b/k"]
            ]
        )
        object["jobName"] = .null
        #expect(problems(.object(object)) == ["jobName: is required"])
    }

    @Test func serviceNeedsWhatALocalRunDoesNot() {
        #expect(
            problems(.object(minimalRequest), rules: .init(use: .service)) == [
                "clientToken: is required", "roleArn: is required", "instanceConfig: is required",
            ]
        )
        #expect(
            problems(fullRequest, rules: .init(use: .service)) == [
                "inputDataConfig[1].dataSource.s3DataSource.s3DataType: is a member that only braket-runner knows, "
                    + "not CreateJob"
            ]
        )
    }

    @Test func everythingMissingIsReportedAtOnce() {
        #expect(
            problems([:]) == [
                "algorithmSpecification: is required", "outputDataConfig: is required", "jobName: is required",
                "deviceConfig: is required",
            ]
        )
        #expect(problems([1, 2]) == ["must be an object, is an array"])
    }

    @Test func flagsAreNamedAndMayPointToLocalFiles() throws {
        var object = minimalRequest
        object["algorithmSpecification"] = ["scriptModeConfig": ["entryPoint": "m", "s3Uri": "./script.py"]]
        object["inputDataConfig"] = [
            ["channelName": "a", "dataSource": ["s3DataSource": ["s3Uri": "file:///data"]]],
            ["channelName": "..", "dataSource": ["s3DataSource": ["s3Uri": "/data"]]],
        ]
        let script = "algorithmSpecification.scriptModeConfig.s3Uri"
        let flags = [script: "--script", "inputDataConfig[0]": "--input", "inputDataConfig[1]": "--input"]
        #expect(
            problems(.object(object), rules: .init(use: .localRun, flags: flags)) == [
                #"inputDataConfig[1].channelName (--input): "..": must not be "." or ".." (it names a folder)"#
            ]
        )
        #expect(
            problems(.object(object), rules: .init(use: .localRun, flags: ["inputDataConfig": "--input"])).first
                == #"\#(script): "./script.py": must be an s3:// or https:// location; "#
                + "a local file or folder is given by a flag, not by the document"
        )
        var rules = JobRequest.Rules(use: .localRun, flags: flags)
        rules.flagLocations = [.service, .file]
        #expect(
            problems(.object(object), rules: rules).first
                == #"\#(script) (--script): "./script.py": must be an s3:// or https:// location or a file: URI"#
        )
    }
}

/// The lines that reading a document ends with; none when it is right.
func problems(_ json: JSONValue, rules: JobRequest.Rules = .init()) -> [String] {
    do {
        _ = try JobRequest.parse(json, rules: rules)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

/// What a local run cannot do without.
let minimalRequest: JSONObject = [
    "jobName": "job-1",
    "algorithmSpecification": [
        "scriptModeConfig": ["entryPoint": "pkg.main:run", "s3Uri": "s3://bucket/script.tar.gz"]
    ],
    "outputDataConfig": ["s3Path": "s3://bucket/jobs/job-1"],
    "deviceConfig": ["device": "local:pennylane/lightning.qubit"],
]

/// Every member there is.
let fullRequest: JSONValue = [
    "clientToken": "token-1",
    "jobName": "job-1",
    "roleArn": "arn:aws:iam::123456789012:role/jobs",
    "algorithmSpecification": [
        "scriptModeConfig": ["entryPoint": "m", "s3Uri": "s3://b/k", "compressionType": "GZIP"],
        "containerImage": ["uri": "292282985366.dkr.ecr.us-west-2.amazonaws.com/amazon-braket-base-jobs:latest"],
    ],
    "inputDataConfig": [
        ["channelName": "train", "contentType": "text/csv", "dataSource": ["s3DataSource": ["s3Uri": "s3://b/data"]]],
        [
            "channelName": "list",
            "dataSource": ["s3DataSource": ["s3Uri": "s3://b/manifest", "s3DataType": "ManifestFile"]],
        ],
    ],
    "outputDataConfig": ["s3Path": "s3://b/out", "kmsKeyId": "alias/k"],
    "checkpointConfig": ["s3Uri": "s3://b/cp"],
    "stoppingCondition": ["maxRuntimeInSeconds": 3600],
    "instanceConfig": ["instanceType": "ml.m5.large", "volumeSizeInGb": 30],
    "hyperParameters": ["z": "1", "a": "x y"],
    "deviceConfig": ["device": "arn:aws:braket:::device/quantum-simulator/amazon/sv1"],
    "tags": ["team": "qc"],
    "associations": [
        ["arn": "arn:aws:braket:us-east-1:123456789012:reservation/r", "type": "RESERVATION_TIME_WINDOW_ARN"]
    ],
]
