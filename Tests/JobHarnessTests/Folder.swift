import Logging
import ObjectStorage
import RunnerCore
import SystemPackage

@testable import BraketEnvironment

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Writes a file of text and the folders above it.
func write(_ text: String, to file: FilePath) throws {
    try replaceFile(file, with: Array(text.utf8))
}

/// The text of a small file.
func text(of file: FilePath) throws -> String {
    try withOpenFile(file, address: file.string) { descriptor in
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = try buffer.withUnsafeMutableBytes { try descriptor.read(into: $0) }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}

/// Makes a symbolic link.
func link(_ link: FilePath, to target: String) throws {
    guard symlink(target, link.string) == 0 else { throw Errno(rawValue: errno) }
}

/// Whether there is a link, and where it leads.
func linkTarget(_ link: FilePath) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink(link.string, &buffer, buffer.count)
    return count < 0 ? nil : String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// A log that nobody reads.
let silentLogger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

extension JobConfiguration {
    /// The configuration of a small job, for tests to change.
    static func example(root: FilePath) -> JobConfiguration {
        JobConfiguration(
            jobName: "job",
            device: "local:none/none",
            scriptURI: "s3://b/s.py",
            script: .object(bucket: "b", key: "s.py"),
            entryPoint: "s",
            compression: .none,
            hyperparameters: ["n": "4"],
            channels: [],
            outputPath: nil,
            kmsKeyID: nil,
            checkpoints: nil,
            checkpointDirectory: root.appending("checkpoints"),
            maxRuntimeSeconds: nil,
            storage: .folder(root.appending("store")),
            paths: ContainerPaths(root: root),
            settings: RunSettings(),
            overrides: [],
            setsSageMakerEnvironment: false,
            instanceType: nil,
            instanceCount: 1,
            requestMembers: ["jobName": "job"],
            origins: []
        )
    }
}

/// Changes the permissions of a file, chmod(2).
func changeMode(_ path: UnsafePointer<CChar>, _ mode: UInt32) -> Int32 {
    chmod(path, mode)
}
