/// A JSON number by its spelling, so that `4.0` stays a float and a long integer loses no digit.
///
/// Two numbers are equal when they are spelled alike: `1` and `1.0` differ, as they do in what Python writes.
package struct JSONNumber: Hashable, Sendable {
    /// The number as it stands in the text; `NaN`, `Infinity` and `-Infinity` only from the Python dialect.
    package let text: String

    /// Makes an integer.
    ///
    /// - Parameter value: The integer.
    package init(_ value: Int) {
        text = String(value)
    }

    /// Makes an integer.
    ///
    /// - Parameter value: The integer.
    package init(_ value: Int64) {
        text = String(value)
    }

    /// Makes a float, spelled as Python's `repr` spells it.
    ///
    /// - Parameter value: The float; infinities and NaN get Python's names, which are not JSON.
    package init(_ value: Double) {
        text = Self.pythonRepresentation(of: value)
    }

    /// Makes a number of a spelling that the parser has already checked.
    init(checked text: String) {
        self.text = text
    }

    /// Whether the number is spelled without fraction and exponent, which makes it an `int` in Python.
    package var isInteger: Bool {
        // The letters of `NaN` and `Infinity` are caught by "N" and "I".
        !text.utf8.contains { ".eENI".utf8.contains($0) }
    }

    /// The integer, or nil when it is spelled as a float or does not fit 64 bits.
    package var int64: Int64? {
        isInteger ? Int64(text) : nil
    }

    /// The nearest double; a spelling beyond the range of doubles is an infinity, as in Python.
    package var double: Double? {
        Double(text)
    }

    /// The number as `json.dumps` writes it after `json.loads` has read it.
    ///
    /// Integers keep every digit, `-0` becomes 0, and floats go through a double: `1e-3` is `0.001`.
    package var pythonText: String {
        guard !isInteger else { return text == "-0" ? "0" : text }
        return double.map(Self.pythonRepresentation(of:)) ?? text
    }

    /// Spells a double as Python's `repr` does.
    ///
    /// Swift and Python find the same shortest digits, but change to the exponent form at other magnitudes (Swift
    /// at 2^54, Python at 10^16), so the digits are laid out here.
    private static func pythonRepresentation(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        let sign = value.sign == .minus ? "-" : ""
        if value == 0 { return sign + "0.0" }
        let (digits, pointPosition) = shortestDigits(of: value.magnitude)
        // Python's rule (pystrtod.c, format code 'r'): exponent form below 1e-4 and from 1e16 on.
        if pointPosition < -3 || pointPosition > 16 {
            return sign + exponentForm(digits, exponent: pointPosition - 1)
        }
        if pointPosition <= 0 {
            return sign + "0." + String(repeating: "0", count: -pointPosition) + digits
        }
        let missing = pointPosition - digits.utf8.count
        if missing >= 0 {
            return sign + digits + String(repeating: "0", count: missing) + ".0"
        }
        return sign + String(digits.prefix(pointPosition)) + "." + String(digits.dropFirst(pointPosition))
    }

    private static func exponentForm(_ digits: String, exponent: Int) -> String {
        let fraction = digits.utf8.count > 1 ? "." + String(digits.dropFirst()) : ""
        let magnitude = String(exponent.magnitude)
        let padded = magnitude.utf8.count < 2 ? "0" + magnitude : magnitude
        return "\(digits.prefix(1))\(fraction)e\(exponent < 0 ? "-" : "+")\(padded)"
    }

    /// The shortest digits that read back as `value`, without zeros at either end, and where the decimal point
    /// stands relative to their start: 12.5 is ("125", 2), 0.001 is ("1", -2).
    private static func shortestDigits(of value: Double) -> (digits: String, pointPosition: Int) {
        let text = Array(value.description.utf8)
        let mantissa = text.prefix { $0 != UInt8(ascii: "e") }
        let exponent = Int(String(decoding: text.dropFirst(mantissa.count + 1), as: UTF8.self)) ?? 0
        var digits = mantissa.filter { $0 != UInt8(ascii: ".") }
        let pointIndex = mantissa.firstIndex(of: UInt8(ascii: ".")) ?? mantissa.count
        let leadingZeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        let position = pointIndex + exponent - leadingZeros
        digits.removeFirst(leadingZeros)
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (String(decoding: digits, as: UTF8.self), position)
    }
}
