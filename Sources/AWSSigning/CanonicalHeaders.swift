import RunnerCore

/// The headers of the canonical request: lower-case names in order, each with its values on one line.
package struct CanonicalHeaders: Sendable {
    /// The names, for the canonical request and for `SignedHeaders`: `host;x-amz-date`.
    package let names: String
    /// A line `name:value` for each name, ended by a newline.
    package let lines: [UInt8]

    /// Brings headers into their canonical form.
    ///
    /// - Parameter headers: The headers of the request, in the order in which they are sent; those that are changed on
    ///   the way are left out.
    package init(_ headers: [(name: String, value: String)]) {
        let signed = headers.lazy.map { (name: $0.name.lowercased(), value: $0.value) }
            .filter { !Self.isChangedOnTheWay($0.name) }.sorted { $0.name.precedesByCodePoint($1.name) }
        var names = ""
        var lines: [UInt8] = []
        lines.reserveCapacity(signed.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 2 })
        var previous: String?
        for (name, value) in signed {
            if name == previous {
                // One name on several lines is one value, in the order of the lines.
                lines[lines.count - 1] = UInt8(ascii: ",")
            } else {
                if previous != nil { names += ";" }
                names += name
                lines += name.utf8
                lines.append(UInt8(ascii: ":"))
            }
            Self.appendFolded(value, to: &lines)
            lines.append(UInt8(ascii: "\n"))
            previous = name
        }
        self.names = names
        self.lines = lines
    }

    /// Whether proxies and HTTP libraries may change or drop a header, so that the service would see another one than
    /// was signed.
    private static func isChangedOnTheWay(_ name: String) -> Bool {
        switch name {
        case "baggage", "connection", "expect", "proxy-authenticate", "te", "tracestate", "transfer-encoding",
            "user-agent", "x-amzn-trace-id":
            true
        default: false
        }
    }

    /// Appends a value without blanks around it and with one blank for several.
    private static func appendFolded(_ value: String, to lines: inout [UInt8]) {
        var value = value
        value.withUTF8 { bytes in
            for (index, word) in bytes.split(whereSeparator: isBlank).enumerated() {
                if index > 0 { lines.append(UInt8(ascii: " ")) }
                lines += word
            }
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): true
        default: false
        }
    }
}
