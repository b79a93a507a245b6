package import RunnerCore

/// Packs everything of a source as one gzip member; blocks while the source or the sink does.
///
/// - Parameters:
///   - source: What to pack.
///   - sink: Gets the member. Members one after another are a gzip file too (RFC 1952 §2.2).
/// - Throws: What the source and the sink throw; `ArchiveError` when there is no memory.
package func packGzipMember(from source: inout some ByteSource, into sink: inout any ByteSink) throws {
    var target = AnySink(sink)
    defer { sink = target.sink }
    var writer = try GzipWriter(level: 6, engine: .zlib, threads: 0)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { buffer.deallocate() }
    while case let count = try source.read(into: buffer), count > 0 {
        try writer.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), into: &target)
    }
    try writer.finish(into: &target)
}

/// A sink of any kind where one of a certain kind is asked for.
private struct AnySink: ByteSink {
    var sink: any ByteSink

    init(_ sink: any ByteSink) { self.sink = sink }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws { try sink.write(bytes) }
}
