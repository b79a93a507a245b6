extension SigV4Signer {
    /// The query of the canonical request: every name with `=`, sorted by the bytes of name, then value.
    ///
    /// Sorting whole `name=value` texts would be wrong: `q.options` comes behind `q`, but `.` before `=`.
    ///
    /// - Parameter query: The query as it is sent: percent-encoded, without `?`; empty for none.
    /// - Returns: Names and values in the encoding in which they came.
    package static func canonicalQuery(_ query: String) -> String {
        guard !query.isEmpty else { return "" }
        let bytes = Array(query.utf8)
        let parameters = bytes.split(separator: UInt8(ascii: "&")).map(Parameter.init).sorted { $0.precedes($1) }
        var canonical: [UInt8] = []
        canonical.reserveCapacity(bytes.count + parameters.count)
        for parameter in parameters {
            if !canonical.isEmpty { canonical.append(UInt8(ascii: "&")) }
            canonical += parameter.name
            canonical.append(UInt8(ascii: "="))
            canonical += parameter.value
        }
        return String(decoding: canonical, as: UTF8.self)
    }

    /// One name and its value; a name without `=` has the empty value.
    private struct Parameter {
        let name: ArraySlice<UInt8>
        let value: ArraySlice<UInt8>

        init(_ text: ArraySlice<UInt8>) {
            let equals = text.firstIndex(of: UInt8(ascii: "=")) ?? text.endIndex
            name = text[..<equals]
            value = text[equals...].dropFirst()
        }

        func precedes(_ other: Parameter) -> Bool {
            name == other.name
                ? value.lexicographicallyPrecedes(other.value) : name.lexicographicallyPrecedes(other.name)
        }
    }
}
