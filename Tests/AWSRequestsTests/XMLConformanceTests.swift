import RunnerCore
import RunnerHTTP
import RunnerTestSupport
import Testing

@testable import AWSRequests

/// Answers of botocore's and Smithy's tests, read and compared with what those make of them.
///
/// Of smithy-s3-tests.json the four requests are the signer's and the client's, and `KeysWithWhitespace` and
/// url-decoding.json are the S3 module's (`AnswersConformanceTests`).
@Suite struct XMLConformanceTests {
    static let pairs = Suites.files(in: "s3-xml/botocore", ending: ".xml")
    static let groups = Suites.rows(of: "s3-xml/restxml-protocol-tests.json")
    static let cases = groups.flatMap { group in
        group.rows("cases").map { RESTCase(row: $0, shapes: group.row("shapes")) }
    }
    static let responses = Suites.rows("responses", of: "s3-xml/smithy-s3-tests.json")

    @Test(.enabled(if: !pairs.isEmpty, "\(Suites.absent)"), arguments: pairs)
    func botocore(pair: String) throws {
        let expected = try #require(Suites.json("\(pair).json").objectValue)
        let text = try Suites.text("\(pair).xml")
        // GetBucketPolicy answers in JSON, which the reader refuses; the runner never asks for it.
        guard text.hasPrefix("<") else {
            #expect(throws: XMLError.self) { try XMLReader.read(Array(text.utf8)) }
            return
        }
        let root = try XMLReader.read(Array(text.utf8))
        if let error = expected["Error"]?.objectValue {
            let found = ServiceError(400, text)
            #expect(found.code == error["Code"]?.stringValue)
            #expect(found.message + "." == error["Message"]?.stringValue)
            #expect(found.bucket == error["BucketName"]?.stringValue)
            let id = expected["ResponseMetadata"]?.objectValue?["RequestId"]?.stringValue
            #expect(id == nil || found.requestID == id)
            return
        }
        // STS wraps its result twice; the location of a bucket is the text of the document's element itself.
        let result = root.isNamed("GetSessionTokenResponse") ? try #require(root.child("GetSessionTokenResult")) : root
        for member in expected.members where member.name != "ResponseMetadata" {
            let elements = result.children.filter { [member.name, String(member.name.dropLast())].contains($0.name) }
            compare(root.isNamed("LocationConstraint") ? [root] : elements, with: member.value, member.name)
        }
    }

    private func compare(_ elements: [XMLElement], with json: JSONValue, _ path: String) {
        switch json {
        case .array(let values):
            #expect(elements.count == values.count, "\(path)")
            for (element, value) in zip(elements, values) { compare([element], with: value, path) }
        case .object(let object):
            for member in object.members {
                let inner = elements.first?.children.filter { $0.name == member.name } ?? []
                compare(inner, with: member.value, "\(path).\(member.name)")
            }
        case .string(let text):
            #expect(elements.first?.text.utf8.elementsEqual(text.utf8) == true, "\(path)")
        case .bool(let value):
            #expect(elements.first?.text == "\(value)", "\(path)")
        case .number(let number):
            #expect(elements.first?.text == number.pythonText, "\(path)")
        case .null:
            #expect(elements.isEmpty, "\(path)")
        }
    }

    @Test(.enabled(if: !responses.isEmpty, "\(Suites.absent)"), arguments: responses)
    func smithyResponse(_ row: Row) throws {
        let expected = row.row("expect").object
        let status = try #require(row.object["status"]?.intValue)
        if expected["error_code"] != nil {
            let headers: HTTPFields = ["x-amz-request-id": try row.row("headers").text("x-amz-request-id")]
            let error = ServiceError(status, try row.text("body"), headers: headers)
            #expect(error.code == "NotFound")
            #expect(error.requestID == "GRZ6BZ468DF52F2E")
        } else {
            let root = try XMLReader.read(Array(try row.text("body").utf8))
            let keys = root.children("Contents").map { $0.text("Key") }
            #expect(keys == expected["keys"]?.arrayValue?.map(\.stringValue))
        }
    }

    @Test(.enabled(if: !cases.isEmpty, "\(Suites.absent)"), arguments: cases)
    func restXML(_ test: RESTCase) throws {
        let response = test.row.row("response")
        let text = try response.text("body")
        if let code = test.row.object["errorCode"]?.stringValue {
            let error = ServiceError(try #require(response.object["status_code"]?.intValue), text)
            #expect(error.code == code)
            #expect(error.message == test.row.object["errorMessage"]?.stringValue)
            return
        }
        let root = try XMLReader.read(Array(text.utf8))
        var result = test.row.row("result").object
        let output = test.shapes.row(try test.row.row("given").row("output").text("shape"))
        var members = output.row("members")
        if let payload = output.object["payload"]?.stringValue {
            result = result[payload]?.objectValue ?? JSONObject()
            members = test.shapes.row(try members.row(payload).text("shape")).row("members")
        }
        for member in result.members {
            let shape = members.row(member.name)
            // The reader passes over attributes: no answer that the runner reads has a value in one.
            guard shape.object["xmlAttribute"] == nil else { continue }
            try compare(root, member.name, shape, with: member.value, test.shapes)
        }
    }

    private func compare(
        _ parent: XMLElement,
        _ member: String,
        _ reference: Row,
        with json: JSONValue,
        _ shapes: Row
    ) throws {
        let name = reference.object["locationName"]?.stringValue ?? member
        let shape = shapes.row(try reference.text("shape"))
        let elements = parent.children.filter { $0.name == name }
        guard let values = json.arrayValue else {
            return try compare(try #require(elements.first), shape, with: json, shapes)
        }
        let item = shape.row("member")
        let isFlat = shape.object["flattened"]?.boolValue == true || reference.object["flattened"]?.boolValue == true
        let itemName = item.object["locationName"]?.stringValue ?? "member"
        let items = isFlat ? elements : elements.first?.children.filter { $0.name == itemName } ?? []
        #expect(items.count == values.count, "\(name)")
        for (element, value) in zip(items, values) {
            try compare(element, shapes.row(try item.text("shape")), with: value, shapes)
        }
    }

    private func compare(_ element: XMLElement, _ shape: Row, with json: JSONValue, _ shapes: Row) throws {
        switch try shape.text("type") {
        case "structure":
            for member in json.objectValue?.members ?? [] {
                try compare(element, member.name, shape.row("members").row(member.name), with: member.value, shapes)
            }
        case "list":
            let values = try #require(json.arrayValue)
            #expect(element.children.map(\.text) == values.map(\.stringValue))
        case "timestamp":
            let time = Timestamp(iso8601: element.text) ?? HTTPDate.parse(element.text)
            let milliseconds = time?.milliseconds ?? Int64(element.text).map { $0 * 1000 }
            guard case .number(let number) = json, let seconds = number.double else {
                Issue.record("a time is no number")
                return
            }
            #expect(milliseconds == Int64((seconds * 1000).rounded()))
        case "map":
            #expect(Array(element.children.map(\.name)).isEmpty)
        case "boolean", "integer":
            #expect(element.text == (json.boolValue.map { "\($0)" } ?? json.intValue.map { "\($0)" }))
        default:
            #expect(element.text == json.stringValue)
        }
    }
}

/// A case of the restXml tests and the shapes that its group has.
struct RESTCase: Sendable, CustomTestStringConvertible {
    let row: Row
    let shapes: Row

    var testDescription: String { row.description }
}
