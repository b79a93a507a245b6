package import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A program to start: no shell ever reads its arguments.
package struct ProcessSpecification: Sendable {
    /// A descriptor of ours that the child gets under a number of its own.
    package struct InheritedDescriptor: Sendable {
        /// Our descriptor.
        package let ours: FileDescriptor
        /// The child's number.
        package let theirs: Int32

        /// Makes a pair.
        package init(ours: FileDescriptor, theirs: Int32) {
            self.ours = ours
            self.theirs = theirs
        }
    }

    /// The program file.
    package var executable: FilePath
    /// The arguments, the program's own name first.
    package var arguments: [String]
    /// The environment, in order; of repeated names the last one counts.
    package var environment: [(name: String, value: String)]
    /// Where the program starts.
    package var workingDirectory: FilePath
    /// Descriptors beside standard input, output and error, which are inherited unless named here.
    package var descriptors: [InheritedDescriptor]
    /// The cgroup it starts in; nil for that of this process.
    package var cgroup: ScriptCgroup?

    /// Makes a specification.
    package init(
        executable: FilePath,
        arguments: [String],
        environment: [(name: String, value: String)],
        workingDirectory: FilePath,
        descriptors: [InheritedDescriptor] = []
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.descriptors = descriptors
    }
}

/// Finds a program as execvp(3) would.
///
/// Blocks for a few stat(2) calls.
///
/// - Parameters:
///   - name: A name to look for in `path`, or a path, which is taken as it is.
///   - path: The value of PATH; POSIX's default when nil.
/// - Returns: The first regular file that this process may execute, or nil.
package func findExecutable(_ name: String, path: String?) -> FilePath? {
    guard !name.isEmpty else { return nil }
    if name.utf8.contains(UInt8(ascii: "/")) {
        return isExecutable(FilePath(name)) ? FilePath(name) : nil
    }
    for folder in (path ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":", omittingEmptySubsequences: false) {
        let candidate = FilePath(folder.isEmpty ? "." : String(folder)).appending(name)
        if isExecutable(candidate) { return candidate }
    }
    return nil
}

private func isExecutable(_ file: FilePath) -> Bool {
    var status = stat()
    return stat(file.string, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(file.string, X_OK) == 0
}
