package import RunnerCore

/// Whether a device takes work (`DeviceStatus`).
package enum DeviceStatus: String, Hashable, Sendable {
    /// It does.
    case online = "ONLINE"
    /// Not now.
    case offline = "OFFLINE"
    /// Never again.
    case retired = "RETIRED"
}

/// A device as GetDevice describes it, or SearchDevices lists it (`GetDeviceResponse`, `DeviceSummary`).
///
/// The answer is kept as it came; of a listed device capabilities and queues are not told.
package struct DeviceDescription: Hashable, Sendable {
    /// The whole answer.
    package let json: JSONObject
    /// The device's name in the service.
    package let arn: String
    /// One of `DeviceStatus`, or newer.
    package let status: String

    /// Reads an answer.
    ///
    /// - Parameter json: The body of GetDevice, or an element of SearchDevices.
    /// - Throws: The required member that is missing.
    package init(_ json: JSONValue) throws(Problem) {
        self.json = try Problem.object(json, of: "GetDevice")
        arn = try Problem.required("deviceArn", in: self.json)
        status = try Problem.required("deviceStatus", in: self.json)
    }

    /// The status where it is a known one.
    package var knownStatus: DeviceStatus? { DeviceStatus(rawValue: status) }
    /// The name for people, such as `Aria 1`.
    package var name: String? { json.string("deviceName") }
    /// Whose device it is.
    package var provider: String? { json.string("providerName") }
    /// `QPU` or `SIMULATOR`.
    package var type: String? { json.string("deviceType") }
    /// How long its queues are.
    package var queues: [DeviceQueue] { json.objects("deviceQueueInfo").compactMap(DeviceQueue.init) }

    /// What the device can do; nil when the answer has none or it is no JSON.
    ///
    /// It is JSON inside a text of the answer, a megabyte for some devices, and read anew each time.
    package var capabilities: JSONValue? {
        // What cannot be read is for the caller the same as what is not there.
        json.string("deviceCapabilities").flatMap { try? JSONText.parse(Array($0.utf8)) }
    }

    /// Status and queues for a person: `ONLINE; 12 quantum tasks (normal), 3 hybrid jobs waiting`.
    package var summary: String {
        let queues = queues.map(\.summary).joined(separator: ", ")
        return status.escaped(limit: 40) + (queues.isEmpty ? "" : "; \(queues) waiting")
    }
}

/// One page of SearchDevices (`SearchDevicesResponse`).
package struct DevicePage: Hashable, Sendable {
    /// The devices.
    package let devices: [DeviceDescription]
    /// What asks for the next page; nil on the last one.
    package let nextToken: String?

    /// Reads an answer.
    ///
    /// - Parameter json: The body of SearchDevices.
    /// - Throws: The required member that is missing.
    package init(_ json: JSONValue) throws(Problem) {
        let object = try Problem.object(json, of: "SearchDevices")
        guard let list = object["devices"]?.arrayValue else {
            throw Problem(path: "devices", message: "is missing in the service's answer")
        }
        var devices: [DeviceDescription] = []
        for element in list { devices.append(try DeviceDescription(element)) }
        self.devices = devices
        nextToken = object.string("nextToken").flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// What SearchDevices is asked for: devices with one of some values in a member (`SearchDevicesFilter`).
package struct DeviceFilter: Hashable, Sendable {
    /// The member, such as `deviceStatus`.
    package let name: String
    /// The values, one to ten.
    package let values: [String]

    /// Makes a filter.
    ///
    /// - Parameters:
    ///   - name: The member.
    ///   - values: The values, one to ten.
    package init(name: String, values: [String]) {
        self.name = name
        self.values = values
    }
}
