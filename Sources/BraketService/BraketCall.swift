import AWSEndpoints
import AWSSigning
import BraketAPI
import NIOCore
import RunnerCore
import RunnerHTTP

/// One operation of Amazon Braket, before it is known where it is sent (protocol `rest-json`, model 2019-09-01).
struct BraketCall: Hashable, Sendable {
    /// The operation's name, for messages.
    let operation: String
    /// What to do.
    let method: HTTPMethod
    /// The path in its percent-encoding.
    ///
    /// A resource's name is one segment: its `/` and `:` are encoded, and the signature encodes the `%` once more.
    let path: String
    /// The query in its percent-encoding.
    var query = ""
    /// The members of the body; nil for none.
    var body: JSONObject?

    /// GetJob, with the place in the queue, which the service tells only when it is asked for.
    static func getJob(_ arn: String) -> BraketCall {
        BraketCall(operation: "GetJob", method: .get, path: "/job/\(segment(arn))", query: queueInfo)
    }

    /// GetDevice.
    static func getDevice(_ arn: String) -> BraketCall {
        BraketCall(operation: "GetDevice", method: .get, path: "/device/\(segment(arn))")
    }

    /// GetQuantumTask, with the place in the queue.
    static func getQuantumTask(_ arn: String) -> BraketCall {
        BraketCall(operation: "GetQuantumTask", method: .get, path: "/quantum-task/\(segment(arn))", query: queueInfo)
    }

    /// CreateJob.
    static func createJob(_ request: JSONObject) -> BraketCall {
        BraketCall(operation: "CreateJob", method: .post, path: "/job", body: request)
    }

    /// CancelJob.
    static func cancelJob(_ arn: String) -> BraketCall {
        BraketCall(operation: "CancelJob", method: .put, path: "/job/\(segment(arn))/cancel")
    }

    /// SearchDevices: one page.
    static func searchDevices(_ filters: [DeviceFilter], after token: String?) -> BraketCall {
        var body: JSONObject = ["filters": .array(filters.map(\.json))]
        body["maxResults"] = 100
        body["nextToken"] = token.map(JSONValue.string)
        return BraketCall(operation: "SearchDevices", method: .post, path: "/devices", body: body)
    }

    /// The request as it is sent to an address.
    func request(to address: EndpointAddress) -> HTTPRequest {
        var request = HTTPRequest(
            method,
            HTTPOrigin(isSecure: address.isSecure, host: address.host, port: address.port),
            path: address.path + path,
            query: query,
            headers: ["Accept": "application/json"]
        )
        if let body {
            request.headers.add("Content-Type", "application/json")
            request.body = ByteBuffer(string: JSONValue.object(body).serialized())
        }
        return request
    }

    private static let queueInfo = "additionalAttributeNames=QueueInfo"

    private static func segment(_ text: String) -> String { percentEncoded(text.utf8, keepingSlash: false) }
}

extension DeviceFilter {
    /// The filter as SearchDevices takes it.
    fileprivate var json: JSONValue {
        ["name": .string(name), "values": .array(values.map(JSONValue.string))]
    }
}
