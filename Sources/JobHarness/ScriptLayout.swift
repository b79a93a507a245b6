import SystemPackage

/// Whether a script given as a folder lies in its archive below the folder's own name.
///
/// The SDK's archive of a folder `qaoa` holds the folder itself, so that the entry point is `qaoa.main`. A folder
/// given directly stands for that archive when the entry point begins with its name and nothing in it has that name;
/// otherwise what is in it lies at the top. The same rule here, in a local run and in `submit`, is what makes a job
/// that runs here run there.
///
/// - Parameters:
///   - folder: The folder's name.
///   - entryPoint: What is run of the script.
///   - names: The names of what is directly in the folder.
/// - Returns: true when the folder itself is in the archive.
func isFolderInArchive(named folder: String?, entryPoint: String, names: some Sequence<String>) -> Bool {
    let first = entryPoint.prefix { $0 != "." && $0 != ":" && $0 != "/" }
    guard let folder, folder == String(first) else { return false }
    return !names.contains { $0 == folder || $0 == "\(folder).py" }
}
