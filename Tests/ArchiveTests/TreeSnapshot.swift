import RunnerCore
import SystemPackage

@testable import Archive

/// What lies below a directory, for comparison with what should.
struct TreeSnapshot: Equatable {
    /// One name in the tree.
    enum Node: Equatable {
        case file(size: Int64, permissions: UInt32, modified: Int64)
        case directory(permissions: UInt32)
        case link(target: [UInt8])
        case other

        /// Whether it is a regular file.
        var isFile: Bool {
            if case .file = self { true } else { false }
        }
    }

    /// What lies where; keys are paths with slashes, any bytes.
    private(set) var nodes: [[UInt8]: Node] = [:]

    /// Reads a tree.
    ///
    /// - Parameter directory: Its top, which is not listed itself.
    /// - Throws: What the system says.
    init(of directory: FilePath) throws {
        var cursor = DirectoryCursor(root: try Posix.openDirectory(directory))
        var pending = [MemberPath()]
        while let path = pending.popLast() {
            let descriptor = try cursor.move(to: path.storage[...], creating: false)
            for name in try Posix.entries(in: descriptor).map(\.name) {
                var child = path
                child.append(name)
                let status = try child.withName { name throws(Errno) in try Posix.status(name, at: descriptor) }
                switch status.kind {
                case .file:
                    nodes[child.bytes] = .file(
                        size: status.size,
                        permissions: status.permissions,
                        modified: status.modified.seconds
                    )
                case .directory:
                    nodes[child.bytes] = .directory(permissions: status.permissions)
                    pending.append(child)
                case .symbolicLink:
                    let target = try child.withName { name throws(Errno) in try Posix.readLink(name, at: descriptor) }
                    nodes[child.bytes] = .link(target: target)
                case .other:
                    nodes[child.bytes] = .other
                }
            }
        }
    }

    /// Leaves out paths.
    ///
    /// - Parameter condition: Whether to leave one out.
    mutating func removeAll(where condition: ([UInt8]) -> Bool) {
        nodes = nodes.filter { !condition($0.key) }
    }

    /// What lies at a path written as text.
    subscript(path: String) -> Node? { nodes[Array(path.utf8)] }

    /// The paths that are UTF-8, sorted.
    var paths: [String] { nodes.keys.map { String(decoding: $0, as: UTF8.self) }.sorted() }
}

/// Reads a file below a directory, never through a link.
///
/// - Parameters:
///   - path: Its path with slashes, any bytes.
///   - directory: The directory.
/// - Returns: The content.
/// - Throws: What the system says.
func contents(of path: [UInt8], in directory: FilePath) throws -> [UInt8] {
    var cursor = DirectoryCursor(root: try Posix.openDirectory(directory))
    let member = try MemberPath(checking: path)
    let parent = try cursor.move(to: member.parent, creating: false)
    let file = try member.withName { name throws(Errno) in try Posix.openFile(name, at: parent) }
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = try buffer.withUnsafeMutableBytes { try Posix.read(into: $0, from: file.raw) }
        if count == 0 { return result }
        result += buffer[..<count]
    }
}

/// Reads a file by its path.
///
/// - Parameter path: The file.
/// - Returns: The content.
/// - Throws: What the system says.
func contents(of path: FilePath) throws -> [UInt8] {
    let name = path.lastComponent.map { Array($0.string.utf8) } ?? []
    return try contents(of: name, in: path.removingLastComponent())
}

/// Writes a file below a directory and makes its parents.
///
/// - Parameters:
///   - bytes: The content.
///   - path: Its path with slashes.
///   - directory: The directory.
///   - permissions: Its permission bits.
/// - Throws: What the system says.
func write(_ bytes: [UInt8], to path: String, in directory: FilePath, permissions: UInt32 = 0o644) throws {
    var writer = try TreeWriter(directory: directory)
    let file = try writer.createFile(try MemberPath(checking: Array(path.utf8)))
    try bytes.withUnsafeBytes { try file.write($0) }
    try file.finish(permissions: permissions, modified: Timestamp(seconds: 1_700_000_000, nanoseconds: 0))
}
