import ProcessSupervision

/// Where the kernel's files are read: below `/`, or below a folder of recorded ones.
package struct FileRoot: Sendable {
    /// What stands before every path; empty for the machine itself.
    package let prefix: String

    /// Makes a root.
    ///
    /// - Parameter prefix: A folder without a slash at its end; empty for the machine itself.
    package init(_ prefix: String = "") {
        self.prefix = prefix
    }

    /// Reads a small file.
    ///
    /// Blocks for a read of the kernel's memory.
    ///
    /// - Parameters:
    ///   - path: An absolute path below the root.
    ///   - limitBytes: Where reading ends.
    /// - Returns: Its text without the line end; nil when it is not there or may not be read.
    package func text(_ path: String, limitBytes: Int = 64 * 1024) -> String? {
        guard let bytes = smallFile(prefix + path, limitBytes: limitBytes) else { return nil }
        var end = bytes.endIndex
        while end > 0, bytes[end - 1] == UInt8(ascii: "\n") { end -= 1 }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }

    /// Reads a file of one number.
    ///
    /// - Parameter path: An absolute path below the root.
    /// - Returns: nil when it holds none, as `max` does.
    package func number(_ path: String) -> Int64? {
        text(path).flatMap { Int64(saturating: $0) }
    }

    /// Reads a file of lines such as `oom_kill 1` or `MemTotal:  24684308 kB`.
    ///
    /// - Parameter path: An absolute path below the root.
    /// - Returns: The numbers by their names, without colons and units; nil when there is no such file.
    package func fields(_ path: String) -> [String: Int64]? {
        guard let text = text(path) else { return nil }
        var fields: [String: Int64] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(whereSeparator: { $0 == " " || $0 == ":" || $0 == "\t" })
            guard words.count >= 2, let number = Int64(saturating: words[1]) else { continue }
            fields[String(words[0])] = number
        }
        return fields
    }
}

extension Int64 {
    /// The number a text holds; one that does not fit is the largest there is, as cgroup v1's `no limit` may be.
    ///
    /// - Parameter text: Digits.
    init?(saturating text: some StringProtocol) {
        if let number = Int64(text) {
            self = number
        } else if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            self = .max
        } else {
            return nil
        }
    }
}
