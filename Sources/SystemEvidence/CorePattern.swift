/// Where the kernel puts a core, core(5).
package struct CorePattern: Hashable, Sendable {
    /// The text of `/proc/sys/kernel/core_pattern`.
    package let text: String

    /// Makes a pattern.
    package init(_ text: String) {
        self.text = text
    }

    /// The machine's pattern.
    ///
    /// - Parameter root: Where the kernel's files are read.
    /// - Returns: nil when it cannot be read.
    package static func current(root: FileRoot = FileRoot()) -> CorePattern? {
        root.text("/proc/sys/kernel/core_pattern").map(CorePattern.init)
    }

    /// Where a core is, in words.
    ///
    /// - Parameter folder: The working folder of the process.
    /// - Returns: For instance `given to /usr/lib/systemd/systemd-coredump on the host`.
    package func place(inFolder folder: String) -> String {
        if text.hasPrefix("|") {
            return "given to \(text.dropFirst().prefix { $0 != " " }) on the host"
        }
        return "as \(text.hasPrefix("/") ? text : "\(folder)/\(text)")"
    }
}
