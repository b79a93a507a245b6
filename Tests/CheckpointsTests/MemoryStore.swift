import ObjectStorage
import RunnerCore
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A store that keeps its objects in memory and counts: for tests with so many objects that files would take minutes.
final class MemoryStore: ObjectStore {
    private let objects = Mutex<[ObjectKey: [UInt8]]>([:])
    /// What was asked so far.
    let counts = Mutex(CountingStore.Counts())

    /// Names and contents of the objects below a prefix, the runner's own left out.
    func contents(below prefix: String) -> [String: String] {
        objects.withLock { objects in
            var contents: [String: String] = [:]
            for (key, bytes) in objects {
                let name = key.description
                guard name.hasPrefix(prefix), !name.hasPrefix(prefix + ".braket-runner/") else { continue }
                contents[String(name.dropFirst(prefix.count))] = String(decoding: bytes, as: UTF8.self)
            }
            return contents
        }
    }

    private func bytes(_ key: ObjectKey) throws -> [UInt8] {
        guard let bytes = objects.withLock({ $0[key] }) else {
            throw ObjectStoreError(.notFound, "\(key) is not there")
        }
        return bytes
    }

    private func set(_ key: ObjectKey, _ bytes: [UInt8]) { objects.withLock { $0[key] = bytes } }

    private func summary(_ key: ObjectKey, _ bytes: [UInt8]) -> ObjectSummary {
        ObjectSummary(key: key, sizeBytes: Int64(bytes.count), modified: Timestamp(milliseconds: 0))
    }

    /// As `ObjectStore` says.
    func address(of key: ObjectKey) -> String { "memory:\(key)" }

    /// As `ObjectStore` says.
    func summary(of key: ObjectKey) async throws -> ObjectSummary { summary(key, try bytes(key)) }

    /// As `ObjectStore` says.
    func list(prefix: ObjectKey, _ visit: (ObjectSummary) async throws -> Void) async throws {
        let found = objects.withLock { $0 }.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }
        for (key, bytes) in found { try await visit(summary(key, bytes)) }
    }

    /// As `ObjectStore` says.
    func isFolder(_ prefix: ObjectKey) async throws -> Bool { true }

    /// As `ObjectStore` says.
    func removeAbandonedUploads(prefix: ObjectKey, begunBefore moment: Timestamp) async throws -> Int { 0 }

    /// As `ObjectStore` says.
    func read<R: Sendable>(
        _ key: ObjectKey,
        _ body: @escaping @Sendable (any ByteSource) throws -> R
    ) async throws -> R {
        try body(BytesSource(try bytes(key)))
    }

    /// As `ObjectStore` says.
    func download(
        _ object: ObjectSummary,
        to file: FilePath,
        progress: TransferProgress?
    ) async throws -> ObjectSummary {
        let bytes = try bytes(object.key)
        try replaceFile(file, with: bytes)
        return summary(object.key, bytes)
    }

    /// As `ObjectStore` says.
    func upload(
        _ file: FilePath,
        to key: ObjectKey,
        options: WriteOptions,
        progress: TransferProgress?
    ) async throws -> Int64 {
        counts.withLock { $0.uploads += 1 }
        let descriptor = file.withPlatformString { open($0, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readBytes(descriptor, &buffer)
        precondition((0..<buffer.count).contains(count), "a file of this test is small")
        set(key, Array(buffer[..<count]))
        return Int64(count)
    }

    /// As `ObjectStore` says.
    func write<R: Sendable>(
        _ key: ObjectKey,
        options: WriteOptions,
        _ body: @escaping @Sendable (inout any ByteSink) throws -> R
    ) async throws -> R {
        counts.withLock { $0.writes += 1 }
        var sink: any ByteSink = BytesSink()
        let result = try body(&sink)
        if let sink = sink as? BytesSink { set(key, sink.bytes) }
        return result
    }

    /// As `ObjectStore` says.
    func copy(
        _ object: ObjectSummary,
        of source: any ObjectStore,
        to key: ObjectKey,
        options: WriteOptions
    ) async throws -> Bool {
        counts.withLock { $0.copies += 1 }
        set(key, try bytes(object.key))
        return true
    }

    /// As `ObjectStore` says.
    func delete(_ key: ObjectKey) async throws {
        counts.withLock { $0.deletions += 1 }
        objects.withLock { $0[key] = nil }
    }
}

private func readBytes(_ descriptor: Int32, _ buffer: inout [UInt8]) -> Int { read(descriptor, &buffer, buffer.count) }
