package import RunnerCore
package import SystemPackage

/// Packs what is in a directory as a gzip'ed tar, in the layout of the service's own result archives.
///
/// Contract §5.2: members at the root without "./", no member for the root, ustar, owner and group 0, mode fields
/// with their type bits. A directory's files come first and then its directories, each sorted by their bytes, so
/// that equal trees give equal archives and "results.json" is found early.
///
/// Hard links become files of their own; holes of sparse files become zeros.
package struct TreePacker: Sendable {
    private let compressionLevel: Int32
    private let engine: DeflateEngine
    private let threads: Int?

    /// Makes a packer.
    ///
    /// - Parameters:
    ///   - compressionLevel: zlib's level, 0 to 9; 1 is the fastest that compresses, and the only one ISA-L is used at.
    ///   - engine: What compresses.
    ///   - threads: The most threads that compress; nil is one for each processor. The archive is the same for any.
    package init(compressionLevel: Int32 = 1, engine: DeflateEngine = .automatic, threads: Int? = nil) {
        self.compressionLevel = compressionLevel
        self.engine = engine
        self.threads = threads
    }

    /// Packs a directory with memory that does not depend on its files; blocks.
    ///
    /// What cannot be packed is left out and reported, never an error: unreadable files, sockets and the like, links
    /// that leave the tree. Links are never followed. A file that changes while it is read is read again: at once when
    /// it is small, else as a second member at the end of the archive, which replaces the first when it is unpacked.
    /// One that changes then, too, stays as it was read, cut or filled up with zeros, and is reported.
    ///
    /// - Parameters:
    ///   - directory: What to pack; an empty one gives an archive without members.
    ///   - name: The one entry of the directory to pack; nil for all.
    ///   - sink: Gets the archive in pieces of 256 KiB.
    /// - Returns: What was done.
    /// - Throws: What the sink throws; `readFailed` when the directory itself cannot be opened.
    package func pack(
        directory: FilePath,
        only name: [UInt8]? = nil,
        into sink: inout some ByteSink
    ) throws -> PackReport {
        var run = try PackRun(
            directory: directory,
            only: name,
            gzip: try GzipWriter(
                level: compressionLevel,
                engine: engine,
                threads: threads ?? ProcessorCount.available
            )
        )
        return try run.pack(into: &sink)
    }
}
