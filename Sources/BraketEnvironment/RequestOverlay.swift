import BraketAPI
import RunnerCore

/// A job document with flags laid over it, and which flag set which member.
struct RequestOverlay {
    /// The document as it stands.
    private(set) var document: JSONObject
    /// The flags by the path of the member they set, for the messages of the validator.
    private(set) var flags: [String: String] = [:]

    /// Makes an overlay over a document.
    init(_ document: JSONObject) {
        self.document = document
    }

    /// Sets a member that a flag or variable names; a document of the wrong shape stays for the validator to refuse.
    mutating func set(_ path: [String], _ value: JSONValue, from source: String) {
        guard isSettable(path) else { return }
        document = Self.setting(path[...], to: value, in: document)
        flags[path.joined(separator: ".")] = source
    }

    /// Sets a member when it is missing, without a flag to blame.
    mutating func fill(_ path: [String], _ value: JSONValue) {
        guard isSettable(path), self[path]?.isNull ?? true else { return }
        document = Self.setting(path[...], to: value, in: document)
    }

    /// Sets a channel: replaces the one of that name, or adds one.
    mutating func setChannel(_ name: String, uri: String, from source: String) {
        let given = document["inputDataConfig"]
        guard given == nil || given?.isNull == true || given?.arrayValue != nil else { return }
        var channels = given?.arrayValue ?? []
        let index = channels.firstIndex { $0.objectValue?["channelName"]?.stringValue == name } ?? channels.count
        var channel = index < channels.count ? channels[index].objectValue ?? [:] : [:]
        channel["channelName"] = .string(name)
        channel["dataSource"] = ["s3DataSource": ["s3Uri": .string(uri)]]
        if index < channels.count { channels[index] = .object(channel) } else { channels.append(.object(channel)) }
        document["inputDataConfig"] = .array(channels)
        flags["inputDataConfig[\(index)]"] = source
    }

    /// Sets a hyperparameter.
    mutating func setHyperparameter(_ name: String, _ value: String, from source: String) {
        set(["hyperParameters", name], .string(value), from: source)
    }

    /// The member at a path.
    subscript(path: [String]) -> JSONValue? {
        var value: JSONValue? = .object(document)
        for name in path { value = value?.objectValue?[name] }
        return value
    }

    /// Whether everything above a member is an object or missing.
    private func isSettable(_ path: [String]) -> Bool {
        var value: JSONValue? = .object(document)
        for name in path.dropLast() {
            value = value?.objectValue?[name]
            if let value, !value.isNull, value.objectValue == nil { return false }
        }
        return true
    }

    private static func setting(_ path: ArraySlice<String>, to value: JSONValue, in object: JSONObject) -> JSONObject {
        guard let name = path.first else { return object }
        var object = object
        object[name] =
            path.count == 1
            ? value : .object(setting(path.dropFirst(), to: value, in: object[name]?.objectValue ?? [:]))
        return object
    }
}
