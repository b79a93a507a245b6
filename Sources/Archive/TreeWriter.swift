import SystemPackage

/// Makes the files, directories and links of an archive below a target directory, and nothing anywhere else.
///
/// The rules: parents are opened one by one without following links; a file never overwrites content but takes the
/// place of the old name (a hard link's other name keeps its content); set-id and sticky bits are dropped; the owner
/// can always read and remove what was made.
struct TreeWriter: ~Copyable {
    private var cursor: DirectoryCursor
    /// Links that are judged at the end, with what they lead to.
    private var undecidedLinks: [MemberPath] = []

    private static let maxUndecidedLinks = 10_000
    private static let filePermissions: UInt32 = 0o777
    private static let ownerReadWrite: UInt32 = 0o600
    private static let ownerAll: UInt32 = 0o700

    /// Makes a writer.
    ///
    /// - Parameter directory: The target directory; it must exist.
    /// - Throws: `writeFailed` when it cannot be opened.
    init(directory: FilePath) throws(ArchiveError) {
        do throws(Errno) {
            cursor = DirectoryCursor(root: try Posix.openDirectory(directory))
        } catch {
            throw ArchiveError(.writeFailed, "cannot open the directory \(directory) to unpack into: \(error)")
        }
    }

    /// The target directory's descriptor, open as long as the writer.
    var root: CInt { cursor.root.raw }

    /// Makes a directory, or changes the permissions of one that is there.
    ///
    /// - Parameters:
    ///   - path: Where; the root itself is left alone, it belongs to the caller.
    ///   - permissions: Permission bits; the owner gets all three in any case, which is why they can be set at once
    ///     and not after the directory's files.
    /// - Throws: `conflict` when a file or link is there, `writeFailed`.
    mutating func makeDirectory(_ path: MemberPath, permissions: UInt32) throws(ArchiveError) {
        guard !path.isRoot else { return }
        let descriptor = try directory(path.storage[...], of: path)
        do throws(Errno) {
            try Posix.setPermissions((permissions & Self.filePermissions) | Self.ownerAll, of: descriptor)
        } catch {
            throw failure(error, "make the directory", path)
        }
    }

    /// Makes an empty file in place of what had its name.
    ///
    /// - Parameter path: Where; not the root.
    /// - Returns: The file to write to; closed when it goes out of scope.
    /// - Throws: `conflict` when a directory is there or a parent is none, `writeFailed`.
    mutating func createFile(_ path: MemberPath) throws(ArchiveError) -> NewFile {
        let descriptor = try replacing(path, "make the file") { name, parent throws(Errno) in
            try Posix.createFile(name, at: parent)
        }
        return NewFile(descriptor: descriptor, path: path)
    }

    /// Makes a symbolic link that stays inside the tree.
    ///
    /// - Parameters:
    ///   - path: Where; not the root.
    ///   - target: What it holds.
    /// - Throws: `unsafeLink`, `conflict`, `writeFailed`.
    mutating func makeSymbolicLink(_ path: MemberPath, target: [UInt8]) throws(ArchiveError) {
        try accept(target: target, of: path)
        try replacing(path, "make the link") { name, parent throws(Errno) in
            try MemberPath.withCString(in: (target + [0])[...]) { text throws(Errno) in
                try Posix.makeSymbolicLink(name, at: parent, target: text)
            }
        }
    }

    /// Gives a second name to a file or link that is already in the tree.
    ///
    /// - Parameters:
    ///   - path: The new name; not the root.
    ///   - existing: The name it has.
    /// - Throws: `unsafeLink` when there is no such file in the tree or it is a directory, `conflict`, `writeFailed`.
    mutating func makeHardLink(_ path: MemberPath, to existing: MemberPath) throws(ArchiveError) {
        // Removing the old name would lose the only one.
        if path == existing { return }
        let oldParent = Descriptor(raw: try duplicateParent(of: existing, for: path))
        let old = oldParent.raw
        let status = existing.withName { name in
            // Any reason means that there is nothing to link to.
            try? Posix.status(name, at: old)
        }
        switch status?.kind {
        case .file:
            break
        case .symbolicLink:
            // The copy lies elsewhere, so its relative target means something else.
            try accept(target: existing.withName { (try? Posix.readLink($0, at: old)) ?? [] }, of: path)
        case .directory, .other, nil:
            throw ArchiveError(
                .unsafeLink,
                "is a hard link to '\(MemberName.shown(existing.bytes))', which is no file of this archive",
                member: path.bytes
            )
        }
        try replacing(path, "make the hard link") { name, parent throws(Errno) in
            try existing.withName { oldName throws(Errno) in
                try Posix.makeHardLink(name, at: parent, to: oldName, at: old)
            }
        }
    }

    /// Judges the links that depend on the whole tree; to be called when all members are made.
    ///
    /// - Throws: `unsafeLink` for the first that leads outside.
    mutating func finish() throws(ArchiveError) {
        for link in undecidedLinks {
            guard let parent = try? cursor.move(to: link.parent, creating: false) else { continue }
            // A later member may have replaced the link by a file.
            guard let target = link.withName({ try? Posix.readLink($0, at: parent) }) else { continue }
            guard LinkPolicy.staysInside(target: target, of: link, root: root) else {
                throw LinkPolicy.refusal(target, of: link)
            }
        }
        undecidedLinks = []
    }
}

extension TreeWriter {
    private mutating func accept(target: [UInt8], of path: MemberPath) throws(ArchiveError) {
        guard case .dependsOnTree = try LinkPolicy.judge(target: target, of: path) else { return }
        guard undecidedLinks.count < Self.maxUndecidedLinks else {
            throw ArchiveError(
                .limitExceeded,
                "is one too many links with '..' in the middle of their target",
                member: path.bytes
            )
        }
        undecidedLinks.append(path)
    }

    /// Runs `make` with the name and its parent; when the name is taken, by anything but a directory, again after
    /// removing it.
    @discardableResult
    private mutating func replacing<R: ~Copyable>(
        _ path: MemberPath,
        _ what: String,
        _ make: (UnsafePointer<CChar>, CInt) throws(Errno) -> R
    ) throws(ArchiveError) -> R {
        let parent = try directory(path.parent, of: path)
        do throws(Errno) {
            return try path.withName { name throws(Errno) in
                do throws(Errno) {
                    return try make(name, parent)
                } catch  where error == .fileExists {
                    try Posix.unlink(name, at: parent)
                    return try make(name, parent)
                }
            }
        } catch {
            throw failure(error, what, path)
        }
    }

    private mutating func directory(_ storage: ArraySlice<UInt8>, of path: MemberPath) throws(ArchiveError) -> CInt {
        do throws(Errno) {
            return try cursor.move(to: storage, creating: true)
        } catch {
            throw failure(error, "make the directory for it", path)
        }
    }

    private mutating func duplicateParent(of existing: MemberPath, for path: MemberPath) throws(ArchiveError) -> CInt {
        do throws(Errno) {
            return try Posix.duplicate(try cursor.move(to: existing.parent, creating: false))
        } catch {
            throw ArchiveError(
                .unsafeLink,
                "is a hard link to '\(MemberName.shown(existing.bytes))', which is not in the archive before it",
                member: path.bytes
            )
        }
    }

    private func failure(_ error: Errno, _ what: String, _ path: MemberPath) -> ArchiveError {
        switch error {
        case .notDirectory, .tooManySymbolicLinkLevels, .isDirectory:
            ArchiveError(
                .conflict,
                "cannot be made, because an earlier member made a file or link where it needs a directory, or a "
                    + "directory where it is none",
                member: path.bytes
            )
        default:
            ArchiveError(.writeFailed, "cannot \(what): \(error)", member: path.bytes)
        }
    }
}
