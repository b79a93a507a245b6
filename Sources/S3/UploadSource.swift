import ObjectStorage
import RunnerCore
import SystemPackage

/// A file that is read at any offset while it is uploaded.
final class UploadSource: Sendable {
    /// The file.
    let file: FilePath
    /// Its size when it was opened, which is what is uploaded.
    let sizeBytes: Int64
    private let descriptor: FileDescriptor

    /// Opens a file; blocks.
    ///
    /// - Parameter file: The file.
    /// - Throws: `ObjectStoreError` when there is none that can be read.
    init(_ file: FilePath) throws {
        let opened = try openFile(file, address: file.string)
        self.file = file
        descriptor = opened
        sizeBytes = FileStatus(of: opened)?.sizeBytes ?? 0
    }

    deinit {
        try? descriptor.close()  // Nothing was written.
    }

    /// Reads a range of the file; blocks.
    ///
    /// - Parameters:
    ///   - range: Which bytes.
    ///   - buffer: Gets them, behind what it holds.
    ///   - cancellation: Ends the reading early once it is set.
    /// - Throws: `TransferFault.fileChanged` when the file has become shorter; `ObjectStoreError`; `CancellationError`.
    func read(_ range: Range<Int64>, into buffer: PartBuffer, _ cancellation: CancellationFlag) throws {
        var offset = range.lowerBound
        while offset < range.upperBound {
            try cancellation.check()
            // Large enough to cost few calls, and still in the processor's cache when the buffer hashes it.
            let wanted = Int(min(range.upperBound - offset, Int64(BodyDigest.pieceBytes)))
            let count = try buffer.append(capacity: wanted) { memory in
                do {
                    return try descriptor.read(fromAbsoluteOffset: offset, into: memory)
                } catch let error as Errno {
                    throw ObjectStoreError(reading: file.string.escaped(), error)
                }
            }
            guard count > 0 else {
                throw TransferFault.fileChanged(
                    "\(file.string.escaped()) had \(sizeBytes) bytes and has \(offset) now"
                )
            }
            offset += Int64(count)
        }
    }
}
