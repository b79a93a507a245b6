import BraketAPI
import Testing

/// The table against botocore's model of the API, braket 2019-09-01.
@Suite struct ConstraintsTests {
    @Test func tableIsTheServiceModel() {
        var expected = [
            #"clientToken string 1...64 required"#,
            #"algorithmSpecification structure required"#,
            #"algorithmSpecification.scriptModeConfig structure"#,
            #"algorithmSpecification.scriptModeConfig.entryPoint string 0... required"#,
            #"algorithmSpecification.scriptModeConfig.s3Uri string 0...1024 (https|s3)://([^/]+)/?(.*) required"#,
            #"algorithmSpecification.scriptModeConfig.compressionType string 0... NONE|GZIP"#,
            #"algorithmSpecification.containerImage structure"#,
            #"algorithmSpecification.containerImage.uri string 1...255 \d{10,14}\.dkr\.ecr.[a-z0-9-]+\.amazonaws\.com\/.+(@sha256)?:.+ required"#,
            #"inputDataConfig list 0...20"#,
            #"inputDataConfig[] structure"#,
            #"inputDataConfig[].channelName string 1...64 [A-Za-z0-9\.\-_]+ required"#,
            #"inputDataConfig[].contentType string 1...256"#,
            #"inputDataConfig[].dataSource structure required"#,
            #"inputDataConfig[].dataSource.s3DataSource structure required"#,
            #"inputDataConfig[].dataSource.s3DataSource.s3Uri string 0...1024 (https|s3)://([^/]+)/?(.*) required"#,
            #"outputDataConfig structure required"#,
            #"outputDataConfig.kmsKeyId string 1...2048"#,
            #"outputDataConfig.s3Path string 0...1024 (https|s3)://([^/]+)/?(.*) required"#,
            #"checkpointConfig structure"#,
            #"checkpointConfig.localPath string 1...4096"#,
            #"checkpointConfig.s3Uri string 0...1024 (https|s3)://([^/]+)/?(.*) required"#,
            #"jobName string 1...50 [a-zA-Z0-9](-*[a-zA-Z0-9]){0,50} required"#,
            #"roleArn string 0... arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+ required"#,
            #"stoppingCondition structure"#,
            #"stoppingCondition.maxRuntimeInSeconds integer 1...432000"#,
            #"instanceConfig structure required"#,
            #"instanceConfig.instanceType string 0... 58 values required"#,
            #"instanceConfig.volumeSizeInGb integer 1...2147483647 required"#,
            #"instanceConfig.instanceCount integer 1...2147483647"#,
            #"hyperParameters map 0...100"#,
            #"hyperParameters{key} string 1...256"#,
            #"hyperParameters{value} string 1...2500 .*"#,
            #"deviceConfig structure required"#,
            #"deviceConfig.device string 1...256 required"#,
            #"tags map any"#,
            #"tags{key} string 0..."#,
            #"tags{value} string 0..."#,
            #"associations list 0...1"#,
            #"associations[] structure"#,
            #"associations[].arn string 0... arn:aws[a-z\-]*:braket:[a-z0-9\-]*:[0-9]{12}:.* required"#,
            #"associations[].type string 0... RESERVATION_TIME_WINDOW_ARN required"#,
        ]
        // Where the table says more than the model, on purpose.
        let differences = [
            "algorithmSpecification.scriptModeConfig structure":
                "algorithmSpecification.scriptModeConfig structure required",
            "deviceConfig.device string 1...256 required":
                "deviceConfig.device string 1...256 \(Pattern.device.text) required",
        ]
        expected = expected.map { differences[$0] ?? $0 }
        expected.append("inputDataConfig[].dataSource.s3DataSource.s3DataType string 0... S3Prefix|ManifestFile")
        #expect(rows(of: Constraints.createJob, at: "").sorted() == expected.sorted())
    }

    @Test func instanceTypesAreTheServiceEnum() {
        let expected = """
            ml.t3.large ml.t3.xlarge ml.t3.2xlarge ml.m4.xlarge ml.m4.2xlarge ml.m4.4xlarge ml.m4.10xlarge
            ml.m4.16xlarge ml.m5.large ml.m5.xlarge ml.m5.2xlarge ml.m5.4xlarge ml.m5.12xlarge ml.m5.24xlarge
            ml.c4.xlarge ml.c4.2xlarge ml.c4.4xlarge ml.c4.8xlarge ml.c5.xlarge ml.c5.2xlarge ml.c5.4xlarge
            ml.c5.9xlarge ml.c5.18xlarge ml.c5n.xlarge ml.c5n.2xlarge ml.c5n.4xlarge ml.c5n.9xlarge ml.c5n.18xlarge
            ml.p2.xlarge ml.p2.8xlarge ml.p2.16xlarge ml.p3.2xlarge ml.p3.8xlarge ml.p3.16xlarge ml.p3dn.24xlarge
            ml.p4d.24xlarge ml.g4dn.xlarge ml.g4dn.2xlarge ml.g4dn.4xlarge ml.g4dn.8xlarge ml.g4dn.12xlarge ml.g4dn.16xlarge
            ml.g6.xlarge ml.g6.2xlarge ml.g6.4xlarge ml.g6.8xlarge ml.g6.12xlarge ml.g6.16xlarge ml.g6.24xlarge
            ml.g6.48xlarge ml.g6e.xlarge ml.g6e.2xlarge ml.g6e.4xlarge ml.g6e.8xlarge ml.g6e.12xlarge ml.g6e.16xlarge
            ml.g6e.24xlarge ml.g6e.48xlarge
            """
        #expect(Constraints.instanceTypes == expected.split { $0 == " " || $0 == "\n" }.map(String.init))
        #expect(Constraints.instanceTypes.count == 58)
    }

    /// The table in the words of the script that wrote the expectations.
    private func rows(of shape: Shape, at path: String, isRequired: Bool = false) -> [String] {
        let mark = isRequired ? " required" : ""
        switch shape {
        case .structure(let members):
            let own = path.isEmpty ? [] : ["\(path) structure\(mark)"]
            return members.reduce(into: own) { rows, member in
                let name = path.isEmpty ? member.name : path + "." + member.name
                rows += self.rows(of: member.shape, at: name, isRequired: member.required.contains(.service))
            }
        case .list(let element, let maxCount):
            return ["\(path) list 0...\(maxCount)\(mark)"] + rows(of: element, at: path + "[]")
        case .map(let key, let value, let maxCount):
            let limit = maxCount.map { "0...\($0)" } ?? "any"
            return [
                "\(path) map \(limit)\(mark)", row(of: key, at: path + "{key}"), row(of: value, at: path + "{value}"),
            ]
        case .integer(let range): return ["\(path) integer \(range.lowerBound)...\(range.upperBound)\(mark)"]
        case .string(let rule): return [row(of: rule, at: path) + mark]
        }
    }

    private func row(of rule: StringRule, at path: String) -> String {
        var row = "\(path) string \(rule.minLength)...\(rule.maxLength.map(String.init) ?? "")"
        if let pattern = rule.pattern { row += " " + pattern.text }
        if rule.values.count >= 5 { row += " \(rule.values.count) values" }
        if (1..<5).contains(rule.values.count) { row += " " + rule.values.joined(separator: "|") }
        return row
    }
}
