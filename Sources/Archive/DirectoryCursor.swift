import SystemPackage

/// Finds directories below a root without ever following a link, and keeps the last one open.
///
/// Archives list a directory's files one after the other, so nearly every member costs no open(2) for its parent.
struct DirectoryCursor: ~Copyable {
    /// The directory everything is below.
    let root: Descriptor
    private var current: Descriptor?
    private var currentPath: [UInt8] = []

    /// Makes a cursor at `root`.
    ///
    /// - Parameter root: The open root directory.
    init(root: consuming Descriptor) {
        self.root = root
    }

    /// Goes to a directory.
    ///
    /// - Parameters:
    ///   - path: Components each ended by a NUL, as in `MemberPath.storage`; empty for the root.
    ///   - creating: Whether missing directories are made, with mode 0755 less the umask.
    /// - Returns: A descriptor that is open until the next call.
    /// - Throws: `notDirectory` or `tooManySymbolicLinkLevels` where a file or a link is in the way, else what
    ///   openat(2) or mkdirat(2) says.
    mutating func move(to path: ArraySlice<UInt8>, creating: Bool) throws(Errno) -> CInt {
        if path.elementsEqual(currentPath) { return descriptor }
        // Going down from where we are keeps 1000 nested directories linear.
        var start = path.startIndex
        if path.starts(with: currentPath) {
            start += currentPath.count
        } else {
            current = nil
            currentPath = []
        }
        while start < path.endIndex, let end = path[start...].firstIndex(of: 0) {
            try descend(to: path[start...end], creating: creating)
            start = end + 1
        }
        return descriptor
    }

    private var descriptor: CInt {
        switch current {
        case .some(let open): open.raw
        case nil: root.raw
        }
    }

    private mutating func descend(to component: ArraySlice<UInt8>, creating: Bool) throws(Errno) {
        let parent = descriptor
        current = try MemberPath.withCString(in: component) { name throws(Errno) in
            do throws(Errno) {
                return try Posix.openDirectory(name, at: parent)
            } catch  where error == .noSuchFileOrDirectory && creating {
                try Posix.makeDirectory(name, at: parent)
                return try Posix.openDirectory(name, at: parent)
            }
        }
        currentPath.append(contentsOf: component)
    }
}
