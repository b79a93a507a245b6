extension String {
    /// The longest beginning of the text that fits into `limit` bytes of UTF-8 without cutting a character.
    ///
    /// The platform cuts failure reasons at 1,024 characters wherever that falls (contract §3.10); we cut first.
    ///
    /// - Parameter limit: The most bytes.
    /// - Returns: The text itself when it fits.
    package func prefix(utf8Bytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.startIndex
        var used = 0
        for scalar in unicodeScalars {
            let size = String(scalar).utf8.count
            guard used + size <= limit else { break }
            used += size
            end = unicodeScalars.index(after: end)
        }
        return String(unicodeScalars[..<end])
    }

    /// The text on one line: control characters as `\n`, `\t` or `\u{..}`, and not longer than `limit` characters.
    ///
    /// - Parameter limit: The most characters; longer texts end in `…`.
    /// - Returns: A text that is safe to print into a log line.
    package func escaped(limit: Int = 200) -> String {
        var result = ""
        for scalar in unicodeScalars {
            guard result.unicodeScalars.count < limit else { return result + "…" }
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value):
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The text without blanks, tabs and line ends at both sides.
    package func trimmed() -> String {
        let blanks: Set<Unicode.Scalar> = [" ", "\t", "\n", "\r"]
        var scalars = unicodeScalars[...]
        while let first = scalars.first, blanks.contains(first) { scalars.removeFirst() }
        while let last = scalars.last, blanks.contains(last) { scalars.removeLast() }
        return String(scalars)
    }

    /// Tells whether two texts are the same bytes; `==` takes composed and decomposed letters for equal.
    ///
    /// - Parameter other: The text to compare with.
    /// - Returns: true when the UTF-8 of both is the same.
    package func hasSameBytes(as other: String) -> Bool {
        utf8.elementsEqual(other.utf8)
    }
}

/// A number of bytes as a person reads it: `0 B`, `999 B`, `1.2 kB`, `3.4 GB`, in powers of 1,000.
///
/// - Parameter bytes: The number.
/// - Returns: At most one decimal and a unit.
package func humanBytes(_ bytes: Int64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"]
    var tenths = bytes * 10
    var unit = 0
    while tenths >= 10_000, unit < units.count - 1 {
        tenths = (tenths + 500) / 1000
        unit += 1
    }
    let decimals = unit == 0 || tenths % 10 == 0 ? "" : ".\(tenths % 10)"
    return "\(tenths / 10)\(decimals) \(units[unit])"
}

/// A number of things with the right form of its noun: `1 file`, `2 files`.
///
/// - Parameters:
///   - number: How many.
///   - noun: The form for one.
///   - plural: The form for others, `noun` + `s` when nil.
/// - Returns: Number and noun.
package func counted(_ number: Int, _ noun: String, plural: String? = nil) -> String {
    "\(number) " + (number == 1 ? noun : plural ?? noun + "s")
}
