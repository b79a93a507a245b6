package import RunnerCore
import Synchronization
package import SystemPackage

/// Unpacks an archive while it arrives.
///
/// The kind is told by the content and never by a name. Whatever the archive holds, nothing outside the target
/// directory is made, changed or removed: names with ".." or a leading slash, links out of the tree and files below
/// links are refused; devices and FIFOs are left out; set-id and sticky bits are dropped; owners are not applied.
/// An archive that is refused may leave members before the refused one behind; the caller removes the directory.
///
/// tar and tar.gz run in two threads with memory that does not depend on the archive: the caller's pulls and
/// inflates, another parses and writes. A zip keeps its list of contents at the end, so it goes through an unlinked
/// file in the target directory first.
package struct ArchiveExtractor: Sendable {
    private let limits: ExtractionLimits
    private let engine: DeflateEngine

    /// Makes an extractor.
    ///
    /// - Parameters:
    ///   - limits: What is too much.
    ///   - engine: What unpacks.
    package init(limits: ExtractionLimits = .init(), engine: DeflateEngine = .automatic) {
        self.limits = limits
        self.engine = engine
    }

    /// Unpacks `source`; blocks until it is at its end and everything is written.
    ///
    /// On success the source was read to its end, also behind the archive's own end. The source is only called on
    /// the calling thread.
    ///
    /// - Parameters:
    ///   - source: The archive: tar.gz, tar or zip.
    ///   - directory: The target directory, which must exist; members of the same name are replaced, directories
    ///     merged.
    /// - Returns: What was done.
    /// - Throws: `ArchiveError`, or what the source throws.
    package func extract(from source: any ByteSource, into directory: FilePath) throws -> ExtractionReport {
        var source = BufferedSource(source)
        try source.require(ArchiveSignature.headBytes)
        let head = UnsafeRawBufferPointer(rebasing: source.available.prefix(ArchiveSignature.headBytes))
        var report: ExtractionReport
        switch ArchiveSignature.kind(of: head) {
        case .gzip:
            report = try extractTar(.gzipTar, from: &source, into: directory)
        case .tar:
            report = try extractTar(.tar, from: &source, into: directory)
        case .zip:
            report = try extractZip(from: &source, into: directory)
        case .unknown:
            report = try extractUnknown(from: &source, into: directory)
        }
        report.archiveBytes = source.totalBytes
        return report
    }

    /// A zip may stand behind a program that unpacks it; anything else without a signature is refused, but only
    /// after a look at the end of the content.
    private func extractUnknown(
        from source: inout BufferedSource,
        into directory: FilePath
    ) throws -> ExtractionReport {
        let refusal = ArchiveSignature.unsupported(source.available, inside: nil)
        guard ArchiveSignature.mayHideZip(source.available) else { throw refusal }
        do {
            return try extractZip(from: &source, into: directory)
        } catch let error as ArchiveError where error.code == .unsupportedFormat {
            throw refusal
        }
    }

    private func extractZip(from source: inout BufferedSource, into directory: FilePath) throws -> ExtractionReport {
        let spool = try ZipSpool(from: &source, in: directory, maxBytes: limits.maxTotalBytes)
        var extraction = try ZipExtraction(spool: spool, directory: directory, limits: limits, engine: engine)
        return try extraction.run()
    }
}

extension ArchiveExtractor {
    /// What the writing thread ended with.
    private struct Ending: Sendable {
        let result: Result<ExtractionReport, ArchiveError>
        let sawWholeStream: Bool
    }

    /// Where the writing thread leaves its ending.
    private final class EndingBox: Sendable {
        let ending = Mutex<Ending?>(nil)
    }

    private func extractTar(
        _ format: ArchiveFormat,
        from source: inout BufferedSource,
        into directory: FilePath
    ) throws -> ExtractionReport {
        let ring = ChunkRing()
        let box = EndingBox()
        let limits = limits
        let worker = try WorkerThread {
            let ending = Self.write(format, from: ring, into: directory, limits: limits)
            // Whatever went wrong, the reading thread must not wait for a free buffer.
            ring.abandon()
            box.ending.withLock { $0 = ending }
        }
        var producer = ChunkProducer(ring: ring, engine: engine)
        var failure: (any Error)?
        do {
            switch format {
            case .gzipTar: try producer.inflate(&source)
            case .tar, .zip: try producer.copy(&source)
            }
        } catch {
            failure = error
        }
        ring.finish()
        worker.join()
        return try outcome(of: box.ending.withLock { $0 }, failure, notes: producer.notes)
    }

    /// Runs on the second thread.
    private static func write(
        _ format: ArchiveFormat,
        from ring: ChunkRing,
        into directory: FilePath,
        limits: ExtractionLimits
    ) -> Ending {
        do throws(ArchiveError) {
            var extraction = try TarExtraction(ring: ring, format: format, directory: directory, limits: limits)
            do throws(ArchiveError) {
                return Ending(result: .success(try extraction.run()), sawWholeStream: true)
            } catch {
                return Ending(result: .failure(error), sawWholeStream: extraction.sawWholeStream)
            }
        } catch {
            return Ending(result: .failure(error), sawWholeStream: false)
        }
    }

    /// Chooses between the two threads' errors: the first in the order of the archive explains the other.
    private func outcome(
        of ending: Ending?,
        _ failure: (any Error)?,
        notes: [String]
    ) throws -> ExtractionReport {
        guard let ending else { throw ArchiveError(.writeFailed, "the unpacking thread ended without a result") }
        if case .failure(let error) = ending.result, !ending.sawWholeStream || failure == nil { throw error }
        if let failure { throw failure }
        var report = try ending.result.get()
        report.notes += notes
        return report
    }
}
