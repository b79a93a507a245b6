/// Bytes in the percent-encoding that AWS signs: all but letters, digits and `-_.~` become `%XX` (RFC 3986 §2.3).
///
/// Bytes and not text, because a key is any bytes: two spellings of `é` are two keys.
///
/// - Parameters:
///   - bytes: What to encode, e.g. the UTF-8 of a key.
///   - keepingSlash: true for a path, whose slashes stay; false for a name or value of a query.
/// - Returns: The encoding, with upper-case hexadecimal digits.
package func percentEncoded(_ bytes: some Sequence<UInt8>, keepingSlash: Bool) -> String {
    // The work is done in one function that is not generic: a generic one would run unspecialised in other modules.
    let encoded = bytes.withContiguousStorageIfAvailable { percentEncoded($0, keepingSlash: keepingSlash) }
    return encoded ?? Array(bytes).withUnsafeBufferPointer { percentEncoded($0, keepingSlash: keepingSlash) }
}

private func percentEncoded(_ bytes: UnsafeBufferPointer<UInt8>, keepingSlash: Bool) -> String {
    let kept = bytes.count { isKept($0, keepingSlash: keepingSlash) }
    return String(unsafeUninitializedCapacity: kept + 3 * (bytes.count - kept)) { output in
        var end = 0
        for byte in bytes {
            if isKept(byte, keepingSlash: keepingSlash) {
                output[end] = byte
                end += 1
            } else {
                output[end] = UInt8(ascii: "%")
                output[end + 1] = hexadecimalDigit(byte >> 4, letters: UInt8(ascii: "A"))
                output[end + 2] = hexadecimalDigit(byte & 15, letters: UInt8(ascii: "A"))
                end += 3
            }
        }
        return end
    }
}

private func isKept(_ byte: UInt8, keepingSlash: Bool) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
        true
    case UInt8(ascii: "/"):
        keepingSlash
    default:
        false
    }
}

/// The digit of a number below 16.
///
/// - Parameters:
///   - value: The number.
///   - letters: The letter for 10: `a`, or `A` in a percent-encoding.
/// - Returns: The digit in ASCII.
func hexadecimalDigit(_ value: UInt8, letters: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : letters + value - 10
}
