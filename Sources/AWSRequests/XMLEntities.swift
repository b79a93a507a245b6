/// What stands for other characters in a text: the five entities, numeric references, CDATA and line ends.
enum XMLEntities {
    private static let named: [(name: StaticString, byte: UInt8)] = [
        ("amp;", UInt8(ascii: "&")), ("lt;", UInt8(ascii: "<")), ("gt;", UInt8(ascii: ">")),
        ("quot;", UInt8(ascii: "\"")), ("apos;", UInt8(ascii: "'")),
    ]

    /// Reads what follows a `&`.
    ///
    /// References to control characters are taken although XML 1.0 has none: S3 writes keys with them so.
    ///
    /// - Parameter rest: The bytes behind the `&`.
    /// - Returns: The character and how many bytes of `rest` it took; nil when it is none that may be used.
    static func reference(_ rest: some Collection<UInt8>) -> (scalar: Unicode.Scalar, length: Int)? {
        // 10 bytes are `#x0010FFFF`, which is more than anyone writes.
        let text = rest.prefix(11)
        if text.first == UInt8(ascii: "#") { return numeric(text.dropFirst()) }
        for (name, byte) in named {
            let isSame = name.withUTF8Buffer { text.starts(with: $0) }
            if isSame { return (Unicode.Scalar(byte), name.utf8CodeUnitCount) }
        }
        return nil
    }

    private static func numeric(_ text: some Collection<UInt8>) -> (scalar: Unicode.Scalar, length: Int)? {
        let isHexadecimal = text.first == UInt8(ascii: "x")
        let digits = text.dropFirst(isHexadecimal ? 1 : 0).prefix { $0 != UInt8(ascii: ";") }
        let length = 1 + (isHexadecimal ? 1 : 0) + digits.count
        guard text.count >= length, digits.allSatisfy(isDigit), !digits.isEmpty,
            let value = UInt32(String(decoding: digits, as: UTF8.self), radix: isHexadecimal ? 16 : 10), value != 0,
            let scalar = Unicode.Scalar(value)
        else { return nil }
        return (scalar, length + 1)
    }

    /// The radix is checked by `UInt32.init`; this keeps out the sign that it also takes.
    private static func isDigit(_ byte: UInt8) -> Bool { byte != UInt8(ascii: "+") && byte != UInt8(ascii: "-") }

    /// The text of a content without elements that the parser found to be right.
    ///
    /// - Parameter content: The bytes between the tags.
    /// - Returns: The text that they stand for.
    static func resolved(_ content: ArraySlice<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(content.count)
        var rest = content
        while let byte = rest.first {
            switch byte {
            case UInt8(ascii: "&"):
                rest = rest.dropFirst()
                guard let (scalar, length) = reference(rest) else { return text }
                text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                rest = rest.dropFirst(length)
            case UInt8(ascii: "<"):
                rest = resolveMarkup(rest, into: &text)
            case UInt8(ascii: "\r"):
                // XML 1.0 §2.11: a line ends in one line feed, however it was written.
                text.append(UInt8(ascii: "\n"))
                rest = rest.dropFirst()
                if rest.first == UInt8(ascii: "\n") { rest = rest.dropFirst() }
            default:
                text.append(byte)
                rest = rest.dropFirst()
            }
        }
        return text
    }

    /// Takes the text of a CDATA section, and nothing of a comment or an instruction.
    private static func resolveMarkup(_ rest: ArraySlice<UInt8>, into text: inout [UInt8]) -> ArraySlice<UInt8> {
        if rest.starts(with: "<![CDATA[".utf8) {
            let inside = rest.dropFirst(9)
            let end = index(of: "]]>", in: inside)
            text.append(contentsOf: inside[..<end])
            return inside[end...].dropFirst(3)
        }
        if rest.starts(with: "<!--".utf8) {
            let inside = rest.dropFirst(4)
            return inside[index(of: "-->", in: inside)...].dropFirst(3)
        }
        return rest[index(of: "?>", in: rest)...].dropFirst(2)
    }

    private static func index(of mark: String, in bytes: ArraySlice<UInt8>) -> Int {
        bytes.indices.first { bytes[$0...].starts(with: mark.utf8) } ?? bytes.endIndex
    }
}
