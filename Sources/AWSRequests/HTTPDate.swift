package import RunnerCore

/// Dates as HTTP headers have them (RFC 9110 §5.6.7).
package enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Reads a date in any of the three forms that a recipient must take: `Sun, 06 Nov 1994 08:49:37 GMT`,
    /// `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
    ///
    /// - Parameter text: The header's value. The day of the week is not checked.
    /// - Returns: nil when it is no such date.
    package static func parse(_ text: String) -> Timestamp? {
        let words = text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == "-" })
        switch words.count {
        case 6 where words[5] == "GMT":
            return moment(year: words[3], month: words[2], day: words[1], clock: words[4])
        case 5:
            return moment(year: words[4], month: words[1], day: words[2], clock: words[3])
        default:
            return nil
        }
    }

    private static func moment(year: Substring, month: Substring, day: Substring, clock: Substring) -> Timestamp? {
        let time = clock.split(separator: ":", omittingEmptySubsequences: false)
        guard time.count == 3, let month = months.firstIndex(where: { $0 == month }), let day = number(day),
            var year = number(year), let hour = number(time[0]), let minute = number(time[1]),
            let second = number(time[2])
        else { return nil }
        // The form with two digits is older than S3: it can mean no year before 1970.
        if year < 100 { year += year < 70 ? 2000 : 1900 }
        return Timestamp(year: year, month: Int64(month) + 1, day: day, hour: hour, minute: minute, second: second)
    }

    private static func number(_ digits: Substring) -> Int64? {
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int64(digits)
    }
}
