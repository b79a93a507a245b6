import RunnerCore
import SystemPackage

/// One packing, from the first member to the end of the archive.
struct PackRun: ~Copyable {
    /// Tar archives are filled up to whole records of 20 blocks (POSIX.1-2017 pax, "blocksize").
    private static let recordBytes: Int64 = 10_240

    /// The path of the top, to tell absolute links that lead below it.
    private let topPath: [UInt8]
    private let only: [UInt8]?
    private var cursor: DirectoryCursor
    private var gzip: GzipWriter
    private var report = PackReport()
    private var tarBytes: Int64 = 0
    private var changed = ChangedFiles()
    private let smallFile = SmallFileReader()

    /// Makes a packing.
    ///
    /// - Parameters:
    ///   - directory: What to pack.
    ///   - name: The one entry of the directory to pack; nil for all.
    ///   - gzip: What compresses, at its start.
    /// - Throws: `readFailed` when the directory cannot be opened.
    init(directory: FilePath, only name: [UInt8]? = nil, gzip: consuming GzipWriter) throws(ArchiveError) {
        let root: Descriptor
        do throws(Errno) {
            root = try Posix.openDirectory(directory)
        } catch {
            throw ArchiveError(.readFailed, "cannot open the directory \(directory) to pack it: \(error)")
        }
        cursor = DirectoryCursor(root: root)
        self.gzip = gzip
        only = name
        topPath = directory.withPlatformString { text in
            Array(UnsafeRawBufferPointer(start: text, count: directory.length))
        }
    }

    /// Packs everything; blocks.
    ///
    /// - Parameter sink: Gets the archive.
    /// - Returns: What was done.
    /// - Throws: What the sink throws.
    mutating func pack(into sink: inout some ByteSink) throws -> PackReport {
        // A stack and not recursion: trees may be deeper than the thread's stack or the descriptor limit.
        var pending = [MemberPath()]
        while let path = pending.popLast() {
            pending += try packDirectory(path, into: &sink).reversed()
        }
        try packChangedAgain(into: &sink)
        let endBlocks = Int64(2 * BlockReader.blockBytes)
        let end = (tarBytes + endBlocks + Self.recordBytes - 1) / Self.recordBytes * Self.recordBytes
        try writeZeros(end - tarBytes, into: &sink)
        try gzip.finish(into: &sink)
        report.archiveBytes = gzip.writtenBytes
        return report
    }

    /// Packs a directory's own entry and what is in it but for its directories, which are returned in order.
    private mutating func packDirectory(_ path: MemberPath, into sink: inout some ByteSink) throws -> [MemberPath] {
        guard let listing = list(path) else { return [] }
        if !path.isRoot {
            let entry = TarEntry(
                kind: .directory,
                name: path.bytes + [slash],
                permissions: listing.status.permissions,
                modified: listing.status.modified
            )
            try write(entry.header(), into: &sink)
        }
        var directories: [MemberPath] = []
        for entry in listing.entries.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            var child = path
            child.append(entry.name)
            // A listing may be minutes old: what is no file any more is looked at again.
            if entry.kind == .file, try packFile(child, at: listing.descriptor, into: &sink) { continue }
            let isDirectory = try entry.kind == .directory || packOther(child, at: listing.descriptor, into: &sink)
            if isDirectory { directories.append(child) }
        }
        return directories
    }

    private struct Listing {
        /// Open until the cursor moves.
        let descriptor: CInt
        let status: FileStatus
        let entries: [DirectoryEntry]
    }

    /// Lists a directory; nil, with a word in the report, when that is not possible.
    private mutating func list(_ path: MemberPath) -> Listing? {
        do throws(Errno) {
            let descriptor = try cursor.move(to: path.storage[...], creating: false)
            let status = try Posix.status(of: descriptor)
            var entries = try Posix.entries(in: descriptor)
            if path.isRoot, let only { entries.removeAll { $0.name != only } }
            return Listing(descriptor: descriptor, status: status, entries: entries)
        } catch {
            report.loseUnreadable(path.isRoot ? topPath : path.bytes, error)
            return nil
        }
    }

    /// Packs what may be anything but a directory.
    ///
    /// - Returns: Whether it is a directory, which is left to the caller.
    private mutating func packOther(
        _ path: MemberPath,
        at parent: CInt,
        into sink: inout some ByteSink
    ) throws -> Bool {
        guard let status = status(path, at: parent) else { return false }
        switch status.kind {
        case .directory: return true
        case .file:
            if try !packFile(path, at: parent, into: &sink) {
                report.leaveOut(path.bytes, "is no regular file any more")
            }
        case .symbolicLink: try packLink(path, status, at: parent, into: &sink)
        case .other: report.leaveOut(path.bytes, "is a socket, FIFO or device")
        }
        return false
    }

    /// Tells what lies at a path; nil, with a word in the report, when that is not possible.
    private mutating func status(_ path: MemberPath, at parent: CInt) -> FileStatus? {
        do throws(Errno) {
            return try path.withName { name throws(Errno) in try Posix.status(name, at: parent) }
        } catch {
            report.loseUnreadable(path.bytes, error)
            return nil
        }
    }

    private mutating func write(_ bytes: [UInt8], into sink: inout some ByteSink) throws {
        try bytes.withUnsafeBytes { try gzip.write($0, into: &sink) }
        tarBytes += Int64(bytes.count)
    }

    private mutating func writeZeros(_ count: Int64, into sink: inout some ByteSink) throws {
        var left = count
        while left > 0 {
            let room = try gzip.room(into: &sink)
            let piece = UnsafeMutableRawBufferPointer(rebasing: room.prefix(Int(clamping: left)))
            piece.initializeMemory(as: UInt8.self, repeating: 0)
            gzip.advance(piece.count)
            left -= Int64(piece.count)
        }
        tarBytes += count
    }
}

extension PackRun {
    /// Packs a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - parent: The open directory it is in.
    ///   - isAgain: Whether it is in the archive already, as it was while it changed.
    ///   - sink: Gets what is compressed.
    /// - Returns: false when it is no file but a link, a FIFO or the like, of which nothing was packed or said.
    /// - Throws: What the sink throws.
    private mutating func packFile(
        _ path: MemberPath,
        at parent: CInt,
        isAgain: Bool = false,
        into sink: inout some ByteSink
    ) throws -> Bool {
        let file: Descriptor
        do throws(Errno) {
            file = try path.withName { name throws(Errno) in try Posix.openFile(name, at: parent) }
        } catch  where error == .tooManySymbolicLinkLevels {
            return false
        } catch {
            report.loseUnreadable(path.bytes, error)
            return true
        }
        let status: FileStatus
        do throws(Errno) {
            status = try Posix.status(of: file.raw)
        } catch {
            report.loseUnreadable(path.bytes, error)
            return true
        }
        guard status.kind == .file else { return false }
        let small = smallFile.read(file, status)
        let final = small?.status ?? status
        let entry = TarEntry(
            kind: .file,
            name: path.bytes,
            permissions: final.permissions,
            size: final.size,
            modified: final.modified
        )
        try write(entry.header(), into: &sink)
        var problem = small?.problem
        if let small {
            try gzip.write(small.bytes, into: &sink)
            tarBytes += final.size
        } else {
            problem = try copy(file, status, into: &sink)
        }
        try writeZeros(Int64(TarEntry.padding(final.size)), into: &sink)
        if let problem, isAgain || !changed.add(path, sizeBytes: final.size) {
            report.noteChange(path.bytes, problem)
        }
        guard !isAgain else { return true }
        report.files += 1
        report.bytes += final.size
        return true
    }

    /// Packs what changed a second time: the later member of a name wins when an archive is unpacked.
    private mutating func packChangedAgain(into sink: inout some ByteSink) throws {
        for path in changed.paths {
            let parent: CInt
            do throws(Errno) {
                parent = try cursor.move(to: path.parent, creating: false)
                // The first member stays when the file is gone.
                _ = try path.withName { name throws(Errno) in try Posix.status(name, at: parent) }
            } catch {
                report.noteChange(path.bytes, "changed while it was read and is gone now; stored as it was read")
                continue
            }
            if try !packFile(path, at: parent, isAgain: true, into: &sink) {
                report.noteChange(
                    path.bytes,
                    "changed while it was read and is no file any more; stored as it was read"
                )
            }
        }
    }

    /// Copies exactly the size announced in the header, whatever happens to the file meanwhile.
    ///
    /// - Returns: What is wrong with the copy; nil when it is the file.
    private mutating func copy(
        _ file: borrowing Descriptor,
        _ status: FileStatus,
        into sink: inout some ByteSink
    ) throws -> String? {
        var left = status.size
        var problem: String?
        while left > 0, problem == nil {
            let room = try gzip.room(into: &sink)
            do throws(Errno) {
                let count = try Posix.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: room.prefix(Int(clamping: left))),
                    from: file.raw
                )
                if count == 0 { problem = "shrank while it was read; filled up with zeros" }
                gzip.advance(count)
                left -= Int64(count)
                tarBytes += Int64(count)
            } catch {
                problem = "cannot be read to its end, filled up with zeros: \(error)"
            }
        }
        try writeZeros(left, into: &sink)
        if problem == nil, let after = try? Posix.status(of: file.raw), !after.hasContent(of: status) {
            problem = "changed while it was read"
        }
        return problem
    }

    private mutating func packLink(
        _ path: MemberPath,
        _ status: FileStatus,
        at parent: CInt,
        into sink: inout some ByteSink
    ) throws {
        let target: [UInt8]
        do throws(Errno) {
            target = relative(try path.withName { name throws(Errno) in try Posix.readLink(name, at: parent) }, path)
        } catch {
            report.loseUnreadable(path.bytes, error)
            return
        }
        let isSafe = (try? LinkPolicy.judge(target: target, of: path)) != nil
        guard isSafe, LinkPolicy.staysInside(target: target, of: path, root: cursor.root.raw) else {
            report.leaveOut(path.bytes, "is a link to '\(MemberName.shown(target))', outside the directory")
            return
        }
        let entry = TarEntry(
            kind: .symbolicLink,
            name: path.bytes,
            linkName: target,
            permissions: 0o777,
            modified: status.modified
        )
        try write(entry.header(), into: &sink)
    }

    /// Makes an absolute link below the top relative: unpacked elsewhere, it should lead to its own copy.
    private func relative(_ target: [UInt8], _ path: MemberPath) -> [UInt8] {
        guard target.first == slash, target.starts(with: topPath) else { return target }
        let rest = target.dropFirst(topPath.count)
        guard rest.first == slash || rest.isEmpty else { return target }
        let up = Array(repeatElement(Array("../".utf8), count: path.depth - 1).joined())
        let relative = up + rest.drop { $0 == slash }
        return relative.isEmpty ? [UInt8(ascii: ".")] : relative
    }
}
