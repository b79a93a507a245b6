import RunnerCore

/// A list of host names as Slurm compresses it: `algo-[1-3,7],login`, `r[1-2]n[01-16]`.
///
/// The syntax is that of `scontrol show hostnames`: numbers in brackets keep their leading zeros, and several brackets
/// in one name multiply, the last one counting fastest.
package enum HostList {
    /// The most hosts of a list: a mistyped range must not fill the memory.
    static let mostHosts = 4096

    /// Expands a list.
    ///
    /// - Parameter text: Names with commas between them, ranges in brackets.
    /// - Returns: The names in order; nil when the text is no such list or names a host twice.
    package static func expand(_ text: String) -> [String]? {
        var hosts: [String] = []
        for item in items(of: text) {
            let item = item.trimmed()
            guard !item.isEmpty, let names = expandOne(item[...]), hosts.count + names.count <= mostHosts else {
                return nil
            }
            hosts += names
        }
        guard Set(hosts).count == hosts.count, hosts.allSatisfy(isHostName) else { return nil }
        return hosts.isEmpty ? nil : hosts
    }

    /// Splits at the commas that stand outside of brackets.
    private static func items(of text: String) -> [String] {
        var items = [""]
        var isInside = false
        for character in text {
            if character == "[" { isInside = true }
            if character == "]" { isInside = false }
            if character == ",", !isInside {
                items.append("")
            } else {
                items[items.count - 1].append(character)
            }
        }
        return items
    }

    private static func expandOne(_ item: Substring) -> [String]? {
        guard let open = item.firstIndex(of: "[") else { return item.contains("]") ? nil : [String(item)] }
        let rest = item[item.index(after: open)...]
        guard let close = rest.firstIndex(of: "]"),
            let numbers = numbers(rest[..<close]),
            let endings = expandOne(rest[rest.index(after: close)...]),
            numbers.count * endings.count <= mostHosts
        else { return nil }
        return numbers.flatMap { number in endings.map { item[..<open] + number + $0 } }
    }

    private static func numbers(_ text: Substring) -> [String]? {
        var numbers: [String] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = ends.first, let last = ends.last,
                ends.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isDigit) }),
                let from = Int(first), let to = Int(last), from <= to, to - from < mostHosts
            else { return nil }
            numbers += (from...to).map { padded($0, to: first.count) }
        }
        return numbers
    }

    private static func padded(_ number: Int, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    /// Whether a name can be a host's: it becomes part of keys, files and command lines.
    package static func isHostName(_ name: String) -> Bool {
        guard let first = name.utf8.first, isAlphanumeric(first), name.utf8.count <= 253 else { return false }
        return name.utf8.allSatisfy { isAlphanumeric($0) || "-_.:".utf8.contains($0) }
    }
}
