extension Timestamp {
    /// Reads a moment in ISO 8601, as AWS services and the AWS CLI write it.
    ///
    /// `2026-11-21T23:41:19.123Z`, with any number of decimals, or none, and `Z` or an offset such as `+01:00`.
    ///
    /// - Parameter text: The moment; decimals beyond milliseconds are cut off.
    package init?(iso8601 text: String) {
        var fields = FieldReader(text)
        guard let year = fields.number(4), fields.take("-"), let month = fields.number(2), fields.take("-"),
            let day = fields.number(2), fields.take("T") || fields.take(" "), let hour = fields.number(2),
            fields.take(":"), let minute = fields.number(2), fields.take(":"), let second = fields.number(2),
            let milliseconds = fields.decimals(), let offsetMinutes = fields.offset(), fields.isAtEnd,
            let whole = Timestamp(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        else { return nil }
        self.init(milliseconds: whole.milliseconds - offsetMinutes * 60_000 + milliseconds)
    }

    /// Makes a moment of a date and a time of day in UTC.
    ///
    /// - Parameters:
    ///   - year: 1 to 9999.
    ///   - month: 1 to 12.
    ///   - day: 1 to the length of the month.
    ///   - hour: 0 to 23.
    ///   - minute: 0 to 59.
    ///   - second: 0 to 60; a leap second is the first one of the next minute.
    package init?(year: Int64, month: Int64, day: Int64, hour: Int64, minute: Int64, second: Int64) {
        guard (1...9999).contains(year), (1...12).contains(month),
            (1...Self.days(inMonth: month, of: year)).contains(day),
            (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        let minutes = (Self.daysSince1970(year, month, day) * 24 + hour) * 60 + minute
        self.init(milliseconds: (minutes * 60 + second) * 1000)
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
    private let bytes: [UInt8]
    private var at = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool { at == bytes.count }

    mutating func take(_ letter: Unicode.Scalar) -> Bool {
        guard at < bytes.count, bytes[at] == UInt8(ascii: letter) else { return false }
        at += 1
        return true
    }

    /// The number of that many digits, nil when there are fewer.
    mutating func number(_ digits: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<digits {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// The decimals of a second in milliseconds, 0 when there are none, nil for a point without digits.
    mutating func decimals() -> Int64? {
        guard take(".") else { return 0 }
        guard var value = digit() else { return nil }
        var count = 1
        while let next = digit() {
            count += 1
            if count <= 3 { value = value * 10 + next }
        }
        while count < 3 {
            value *= 10
            count += 1
        }
        return value
    }

    /// The offset to UTC in minutes, positive in the east.
    mutating func offset() -> Int64? {
        guard !take("Z") else { return 0 }
        let isEast = take("+")
        guard isEast || take("-"), let hours = number(2), hours < 24, take(":"), let minutes = number(2), minutes < 60
        else { return nil }
        return (hours * 60 + minutes) * (isEast ? 1 : -1)
    }

    private mutating func digit() -> Int64? {
        guard at < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[at]) else { return nil }
        at += 1
        return Int64(bytes[at - 1] - UInt8(ascii: "0"))
    }
}
