/// The headers of a message in their order; names compare without regard to case (RFC 9110 §5.1).
package struct HTTPFields: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    /// One line.
    package struct Field: Hashable, Sendable {
        /// The name as it was given.
        package let name: String
        /// The value without blanks around it.
        package let value: String
    }

    /// All lines in their order.
    package private(set) var fields: [Field] = []

    /// Makes headers from names and values.
    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    /// Adds a line behind the others.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - value: The value.
    package mutating func add(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// The first value of a name; setting replaces all of them, nil removes them.
    package subscript(name: String) -> String? {
        get { fields.first { Self.isSame($0.name, name) }?.value }
        set {
            fields.removeAll { Self.isSame($0.name, name) }
            if let newValue { add(name, newValue) }
        }
    }

    /// Compares without regard to the case of ASCII letters, and without a copy: this runs for every header of every
    /// request.
    private static func isSame(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        return zip(left.utf8, right.utf8).allSatisfy { $0 == $1 || lowercase($0) == lowercase($1) }
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
