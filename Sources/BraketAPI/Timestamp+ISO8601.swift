package import RunnerCore

extension Timestamp {
    /// Reads a moment in ISO 8601, as the service and the AWS CLI write it.
    ///
    /// `2026-11-21T23:41:19.123Z`, with any number of decimals, or none, and `Z` or an offset such as `+01:00`.
    ///
    /// - Parameter text: The moment; decimals beyond milliseconds are cut off.
    package init?(iso8601 text: String) {
        var fields = FieldReader(text)
        guard let year = fields.number(4, 1...9999), fields.take("-"), let month = fields.number(2, 1...12),
            fields.take("-"), let day = fields.number(2, 1...Self.days(inMonth: month, of: year)),
            fields.take("T") || fields.take(" "), let hour = fields.number(2, 0...23),
            fields.take(":"), let minute = fields.number(2, 0...59),
            fields.take(":"), let second = fields.number(2, 0...60),
            let milliseconds = fields.decimals(), let offsetMinutes = fields.offset(), fields.isAtEnd
        else { return nil }
        let minutes = (Self.daysSince1970(year, month, day) * 24 + hour) * 60 + minute - offsetMinutes
        self.init(milliseconds: (minutes * 60 + second) * 1000 + milliseconds)
    }

    private static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The day number of a date, with years counted from March so that a leap day ends one.
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return marchYear * 365 + marchYear / 4 - marchYear / 100 + marchYear / 400 + dayOfYear - 719_468
    }
}

/// Reads fields of digits from the front of a text.
private struct FieldReader {
    private var rest: ArraySlice<UInt8>

    init(_ text: String) {
        rest = Array(text.utf8)[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ letter: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: letter) else { return false }
        rest.removeFirst()
        return true
    }

    mutating func number(_ digits: Int, _ range: ClosedRange<Int64>) -> Int64? {
        let field = rest.prefix(digits).prefix(while: isDigit)
        guard field.count == digits else { return nil }
        rest.removeFirst(digits)
        let value = value(of: field)
        return range.contains(value) ? value : nil
    }

    /// The decimals of a second in milliseconds, 0 when there are none, nil for a point without digits.
    mutating func decimals() -> Int64? {
        guard take(".") else { return 0 }
        let digits = rest.prefix(while: isDigit)
        rest.removeFirst(digits.count)
        guard !digits.isEmpty else { return nil }
        let padding: [UInt8] = [UInt8(ascii: "0"), UInt8(ascii: "0")]
        return value(of: (digits + padding).prefix(3))
    }

    /// The offset to UTC in minutes, positive in the east.
    mutating func offset() -> Int64? {
        guard !take("Z") else { return 0 }
        let isEast = take("+")
        guard isEast || take("-"), let hours = number(2, 0...23), take(":"), let minutes = number(2, 0...59) else {
            return nil
        }
        return (hours * 60 + minutes) * (isEast ? 1 : -1)
    }

    private func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private func value(of digits: ArraySlice<UInt8>) -> Int64 {
        digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }
}
