/// Numbers in tar headers and pax records.
enum TarNumber {
    /// Reads a numeric header field.
    ///
    /// Octal digits between blanks, up to a NUL, none for 0; or, with the top bit of the first byte set, GNU's base-256:
    /// a big-endian two's complement number in the remaining bits.
    ///
    /// - Parameter field: 8 or 12 bytes.
    /// - Returns: The number, or nil when it is none or does not fit 64 bits.
    static func value(of field: some Collection<UInt8>) -> Int64? {
        guard let first = field.first else { return nil }
        return first & 0x80 == 0 ? octal(field) : base256(field)
    }

    private static func octal(_ field: some Collection<UInt8>) -> Int64? {
        let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") }
        // A NUL ends the field wherever it stands, as for Python and libarchive; old writers leave rubbish behind it.
        let text = field.prefix { $0 != 0 }.drop(while: isBlank)
        let digits = text.prefix { !isBlank($0) }
        guard text.dropFirst(digits.count).allSatisfy(isBlank) else { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return nil }
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 8)
            guard !overflow else { return nil }
            value = shifted + Int64(digit - UInt8(ascii: "0"))
        }
        return value
    }

    private static func base256(_ field: some Collection<UInt8>) -> Int64? {
        guard let first = field.first else { return nil }
        // The flag bit gives way to a copy of the sign bit below it.
        let isNegative = first & 0x40 != 0
        let filler: UInt8 = isNegative ? 0xff : 0
        let bytes = [isNegative ? first : first & 0x7f] + field.dropFirst()
        guard bytes.dropLast(8).allSatisfy({ $0 == filler }) else { return nil }
        let tail = bytes.suffix(8)
        var value: UInt64 = tail.count < 8 && isNegative ? .max : 0
        for byte in tail { value = value << 8 | UInt64(byte) }
        let signed = Int64(bitPattern: value)
        return (signed < 0) == isNegative ? signed : nil
    }

    /// Reads a decimal number without sign, as pax records have it.
    ///
    /// - Parameter text: Digits only.
    /// - Returns: The number, or nil when it is none or does not fit 64 bits.
    static func decimal(_ text: some Collection<UInt8>) -> Int64? {
        guard !text.isEmpty else { return nil }
        var value: Int64 = 0
        for digit in text {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = shifted.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    /// Reads a pax time: seconds with an optional sign and fraction.
    ///
    /// - Parameter text: Such as "-1.5"; that is half a second after 1969-12-31 23:59:58.
    /// - Returns: The time, or nil when it is none.
    static func time(_ text: some Collection<UInt8>) -> Timestamp? {
        let isNegative = text.first == UInt8(ascii: "-")
        let parts = text.dropFirst(isNegative ? 1 : 0).split(
            separator: UInt8(ascii: "."),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        guard let whole = parts.first, let seconds = decimal(whole) else { return nil }
        var nanoseconds = 0
        if let fraction = parts.dropFirst().first, !fraction.isEmpty {
            guard decimal(fraction.prefix(9)) != nil, fraction.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            let nine =
                Array(fraction.prefix(9)) + Array(repeating: UInt8(ascii: "0"), count: max(0, 9 - fraction.count))
            nanoseconds = decimal(nine).map(Int.init) ?? 0
        }
        guard isNegative else { return Timestamp(seconds: seconds, nanoseconds: nanoseconds) }
        return nanoseconds == 0
            ? Timestamp(seconds: -seconds, nanoseconds: 0)
            : Timestamp(seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds)
    }
}
