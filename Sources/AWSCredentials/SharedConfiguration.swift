import RunnerCore

/// Reads a small local file; nil when there is none, an error for one that is there and cannot be read.
package typealias FileReader = @Sendable (_ path: String) throws -> [UInt8]?

/// What the shared config file and the shared credentials file say together.
struct SharedConfiguration: Hashable, Sendable {
    /// Where the config file is expected.
    let configPath: String
    /// Where the credentials file is expected.
    let credentialsPath: String
    /// The config file; empty when there is none.
    let config: ProfileFile
    /// The credentials file; empty when there is none.
    let credentials: ProfileFile

    /// Reads both files.
    ///
    /// - Parameters:
    ///   - environment: Says where the files are.
    ///   - files: Reads them.
    /// - Throws: What is wrong with a file that is there.
    init(environment: [String: String], files: FileReader) throws(CredentialError) {
        configPath = Self.path(environment[.configFile] ?? "~/.aws/config", environment)
        credentialsPath = Self.path(environment[.credentialsFile] ?? "~/.aws/credentials", environment)
        config = try Self.read(configPath, .config, files)
        credentials = try Self.read(credentialsPath, .credentials, files)
    }

    /// The settings of a profile from both files, those of the credentials file first; nil when neither names it.
    ///
    /// - Parameter name: The profile's name.
    /// - Returns: Names and values.
    func profile(_ name: String) -> ProfileFile.Settings? {
        guard let settings = credentials.profiles[name] else { return config.profiles[name] }
        return settings.merging(config.profiles[name] ?? [:]) { ours, _ in ours }
    }

    /// The path with `~` at its beginning as the home folder; the path itself when HOME is not set.
    ///
    /// - Parameters:
    ///   - path: The path as written.
    ///   - environment: Has HOME.
    /// - Returns: The path to read.
    static func path(_ path: String, _ environment: [String: String]) -> String {
        guard path == "~" || path.hasPrefix("~/"), let home = environment[.home] else { return path }
        return home + path.dropFirst()
    }

    private static func read(
        _ path: String,
        _ kind: ProfileFile.Kind,
        _ files: FileReader
    ) throws(CredentialError) -> ProfileFile {
        let bytes: [UInt8]?
        do {
            bytes = try files(path)
        } catch {
            throw CredentialError(.invalidConfiguration, "\(path.escaped()) cannot be read: \(error)")
        }
        guard let bytes else { return ProfileFile() }
        return try ProfileFileParser.parse(bytes, kind, path: path)
    }
}
