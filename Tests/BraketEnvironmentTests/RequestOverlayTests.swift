import BraketAPI
import RunnerCore
import Testing

@testable import BraketEnvironment

@Suite struct RequestOverlayTests {
    @Test func setReplacesAndMakesWhatIsMissing() {
        var overlay = RequestOverlay(["jobName": "old", "deviceConfig": ["device": "d"]])
        overlay.set(["jobName"], "new", from: "--job-name")
        overlay.set(["a", "b", "c"], 1, from: "--abc")
        overlay.set(["a", "b", "d"], 2, from: "--abd")
        #expect(
            overlay.document
                == ["jobName": "new", "deviceConfig": ["device": "d"], "a": ["b": ["c": 1, "d": 2]]]
        )
        #expect(overlay.flags == ["jobName": "--job-name", "a.b.c": "--abc", "a.b.d": "--abd"])
        #expect(overlay[["a", "b", "c"]] == 1)
        #expect(overlay[["a", "x", "c"]] == nil)
        #expect(overlay[["jobName", "x"]] == nil)
    }

    @Test func fillLeavesWhatIsThere() {
        var overlay = RequestOverlay(["jobName": "old"])
        overlay.fill(["jobName"], "new")
        overlay.fill(["deviceConfig", "device"], "d")
        #expect(overlay.document == ["jobName": "old", "deviceConfig": ["device": "d"]])
        #expect(overlay.flags.isEmpty)
    }

    @Test func aChannelReplacesTheOneOfItsName() {
        let one: JSONValue = [
            "channelName": "one", "contentType": "text/csv", "dataSource": ["s3DataSource": ["s3Uri": "s3://a/1"]],
        ]
        var overlay = RequestOverlay(["inputDataConfig": [one]])
        overlay.setChannel("two", uri: "/data/2", from: "--input")
        overlay.setChannel("one", uri: "s3://b/1", from: "BRAKET_RUNNER_INPUT")
        #expect(
            overlay.document["inputDataConfig"] == [
                [
                    "channelName": "one", "contentType": "text/csv",
                    "dataSource": ["s3DataSource": ["s3Uri": "s3://b/1"]],
                ],
                ["channelName": "two", "dataSource": ["s3DataSource": ["s3Uri": "/data/2"]]],
            ]
        )
        #expect(overlay.flags == ["inputDataConfig[0]": "BRAKET_RUNNER_INPUT", "inputDataConfig[1]": "--input"])
    }

    @Test func hyperparametersAreTexts() {
        var overlay = RequestOverlay([:])
        overlay.setHyperparameter("a.b", "1", from: "--hyperparameter")
        #expect(overlay.document == ["hyperParameters": ["a.b": "1"]])
    }
}
