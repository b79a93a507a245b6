/// The limits of a process that its children start with, getrlimit(2); nil for none.
///
/// A script may lower its own; those of a process that has ended are gone with it.
package struct ResourceLimits: Hashable, Sendable {
    /// Open files.
    package var openFiles: Int64?
    /// The size of a file.
    package var fileBytes: Int64?
    /// Processes and threads of the user.
    package var processes: Int64?
    /// The address space.
    package var addressSpaceBytes: Int64?
    /// CPU time.
    package var cpuSeconds: Int64?
    /// A core.
    package var coreBytes: Int64?

    /// Makes no limits.
    package init() {}

    /// Reads the limits of this process, `/proc/self/limits`.
    ///
    /// - Parameter root: Where the kernel's files are read.
    /// - Returns: No limits where there is no such file.
    package static func current(root: FileRoot = FileRoot()) -> ResourceLimits {
        root.text("/proc/self/limits").map { ResourceLimits(text: $0) } ?? ResourceLimits()
    }

    /// Reads the soft limits of a table.
    ///
    /// - Parameter text: Lines such as `Max open files            1024                 4096                 files`.
    init(text: String) {
        let lines = text.split(separator: "\n")
        func soft(_ name: String) -> Int64? {
            guard let line = lines.first(where: { $0.hasPrefix(name + " ") }) else { return nil }
            return Int64(line.dropFirst(name.count).drop { $0 == " " }.prefix { $0 != " " })
        }
        openFiles = soft("Max open files")
        fileBytes = soft("Max file size")
        processes = soft("Max processes")
        addressSpaceBytes = soft("Max address space")
        cpuSeconds = soft("Max cpu time")
        coreBytes = soft("Max core file size")
    }
}
