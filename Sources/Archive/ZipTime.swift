/// MS-DOS dates (APPNOTE 4.4.6).
enum ZipTime {
    /// Converts a date and time; it has no time zone, UTC is as good as any on a machine far away.
    ///
    /// - Parameters:
    ///   - date: Years since 1980, month, day in 7, 4 and 5 bits.
    ///   - time: Hours, minutes, half seconds in 5, 6 and 5 bits.
    /// - Returns: The point in time; out-of-range fields run over.
    static func timestamp(date: Int, time: Int) -> Timestamp {
        let year = 1980 + date >> 9
        let month = date >> 5 & 0xf
        let day = date & 0x1f
        // Days since 1970 with years that start in March (Howard Hinnant, "chrono-Compatible Low-Level Date
        // Algorithms", days_from_civil).
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        let seconds = (time >> 11) * 3600 + (time >> 5 & 0x3f) * 60 + (time & 0x1f) * 2
        return Timestamp(seconds: Int64(days) * 86_400 + Int64(seconds), nanoseconds: 0)
    }
}
