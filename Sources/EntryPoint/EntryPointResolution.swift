package import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// What an entry point means in an unpacked script.
package enum EntryPointTarget: Hashable, Sendable {
    /// A Python module, and a function of it or nil to run it as `python -m` does. `file` is nil when the module is
    /// not in the script: it may be installed, or come with the image.
    case module(name: String, function: String?, file: FilePath?)
    /// A program of the script, run without Python.
    case program(FilePath)
    /// A name that can only be a file, and there is none.
    case missingFile(String)
}

/// Finds out what an entry point means.
///
/// Today every entry point is a Python module (contract §3.7). A name that is no module of the script but names one
/// of its files is that file: `run.sh`, `tool`, `alg.py`. Blocks for a few stat(2) calls.
///
/// - Parameters:
///   - entryPoint: The name as the job gives it.
///   - script: The folder of the unpacked script.
/// - Returns: What to run.
package func resolveEntryPoint(_ entryPoint: String, in script: FilePath) -> EntryPointTarget {
    if let colon = entryPoint.firstIndex(of: ":") {
        let module = String(entryPoint[..<colon])
        let function = String(entryPoint[entryPoint.index(after: colon)...])
        return .module(name: module, function: function, file: moduleFile(module, in: script, runs: false))
    }
    if let file = moduleFile(entryPoint, in: script, runs: true) {
        return .module(name: entryPoint, function: nil, file: file)
    }
    let path = FilePath(entryPoint)
    let isInside = path.isRelative && !path.components.contains { $0.kind == .parentDirectory } && !path.isEmpty
    if isInside, isRegularFile(script.pushing(path)) { return .program(script.pushing(path).lexicallyNormalized()) }
    let namesFile = entryPoint.contains("/") || ["py", "sh", "exe", "bin"].contains(path.extension)
    return namesFile ? .missingFile(entryPoint) : .module(name: entryPoint, function: nil, file: nil)
}

/// The file of a module below a folder: `a/b.py`, `a/b/__main__.py` when it is to run, else `a/b/__init__.py`.
private func moduleFile(_ name: String, in script: FilePath, runs: Bool) -> FilePath? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && !$0.contains("/") }) else { return nil }
    let base = parts.dropLast().reduce(script) { $0.appending(String($1)) }
    let last = String(parts[parts.count - 1])
    let package = base.appending(last)
    let candidates = [package.appending(runs ? "__main__.py" : "__init__.py"), base.appending(last + ".py")]
    return candidates.first(where: isRegularFile)
}

private func isRegularFile(_ path: FilePath) -> Bool {
    var status = stat()
    return stat(path.string, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
}
