import RunnerCore
import SystemPackage
import Testing

@testable import Archive

/// Builds tar files for tests, also wrong ones.
struct TarBuilder {
    /// The archive so far, without the zeros at its end.
    private(set) var bytes: [UInt8] = []

    /// Adds a member of any type.
    ///
    /// - Parameters:
    ///   - name: Its name; nothing is checked.
    ///   - type: Its type flag.
    ///   - link: What a link points to.
    ///   - mode: Permission bits, with set-id bits if wanted.
    ///   - content: Its data.
    ///   - claimedSize: What the header says instead of the data's size.
    mutating func add(
        _ name: String,
        type: Character = "0",
        link: String = "",
        mode: UInt32 = 0o644,
        _ content: [UInt8] = [],
        claimedSize: Int64? = nil
    ) {
        let entry = TarEntry(
            kind: .file,
            name: Array(name.utf8),
            linkName: Array(link.utf8),
            permissions: mode,
            size: claimedSize ?? Int64(content.count),
            modified: Timestamp(seconds: 1_600_000_000, nanoseconds: 0)
        )
        var header = entry.header()
        header[header.count - 512 + TarHeader.Field.type] = type.asciiValue ?? 0
        Self.fixChecksum(&header)
        bytes += header + content + [UInt8](repeating: 0, count: TarEntry.padding(Int64(content.count)))
    }

    /// Adds a pax header of one record.
    ///
    /// - Parameters:
    ///   - key: The keyword.
    ///   - value: The value.
    mutating func addPax(_ key: String, _ value: String) {
        add("PaxHeaders/x", type: "x", TarEntry.record(key, Array(value.utf8)))
    }

    /// The archive with its end.
    var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    /// Sets the checksum of the last block of a header after a change.
    ///
    /// - Parameter header: Whole blocks.
    static func fixChecksum(_ header: inout [UInt8]) {
        let start = header.count - 512
        let field = TarHeader.Field.checksum
        for index in field { header[start + index] = UInt8(ascii: " ") }
        let sum = header[start...].reduce(0) { $0 + Int($1) }
        let digits = Array(String(sum, radix: 8).utf8)
        let text = [UInt8](repeating: UInt8(ascii: "0"), count: 6 - digits.count) + digits + [0]
        header.replaceSubrange(start + field.lowerBound..<start + field.lowerBound + 7, with: text)
    }
}

/// Packs bytes as gzip.
///
/// - Parameter bytes: The content.
/// - Returns: One member.
/// - Throws: Nothing in practice.
func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
    var sink = BytesSink()
    var writer = try GzipWriter(level: 6, engine: .zlib)
    try bytes.withUnsafeBytes { try writer.write($0, into: &sink) }
    try writer.finish(into: &sink)
    return sink.bytes
}

/// Unpacks bytes into a directory.
///
/// - Parameters:
///   - archive: The archive.
///   - directory: The target directory.
///   - limits: What is too much.
///   - chunkSizeBytes: The most one read yields.
/// - Returns: What was done.
/// - Throws: What the extractor throws.
@discardableResult
func extract(
    _ archive: [UInt8],
    into directory: FilePath,
    limits: ExtractionLimits = .init(),
    chunkSizeBytes: Int = 1000
) throws -> ExtractionReport {
    try ArchiveExtractor(limits: limits)
        .extract(from: BytesSource(archive, chunkSizeBytes: chunkSizeBytes), into: directory)
}

/// The code of the `ArchiveError` that `body` throws; an error of another type is an issue.
///
/// - Parameter body: What should fail.
/// - Returns: The code, or nil when it succeeds.
func code(of body: () throws -> Void) -> ArchiveError.Code? {
    do {
        try body()
        return nil
    } catch let error as ArchiveError {
        return error.code
    } catch {
        Issue.record(error)
        return nil
    }
}
