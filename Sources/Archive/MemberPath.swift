/// The place of a member below the target directory, checked to be below it.
///
/// Names stay bytes: "cafe" with a composed and a decomposed accent are two files on Linux, and names that are not
/// UTF-8 exist. Swift's `String` would merge the first and lose the second.
struct MemberPath: Equatable, Sendable {
    /// The components, each ended by a NUL where an archive has a slash, so that every one is a C string in place.
    private(set) var storage: [UInt8] = []
    /// Where the last component starts in `storage`.
    private(set) var nameStart = 0
    /// How many components there are.
    private(set) var depth = 0

    /// The longest path a program can open in one call: `PATH_MAX` less the NUL.
    private static let maxPathBytes = 4095
    /// `NAME_MAX` of every Linux file system of interest.
    private static let maxNameBytes = 255

    /// Whether this is the target directory itself, as for a member called "./".
    var isRoot: Bool { depth == 0 }

    /// The directory the member lies in; empty for the target directory.
    var parent: ArraySlice<UInt8> { storage[..<nameStart] }

    /// The path with slashes, for messages and for links.
    var bytes: [UInt8] { storage.dropLast().map { $0 == 0 ? slash : $0 } }

    /// The components in order.
    var components: [[UInt8]] { storage.dropLast().split(separator: 0).map(Array.init) }

    /// The target directory itself.
    init() {}

    /// Checks a name from an archive.
    ///
    /// Empty and "." components are left out, as the system would. ".." is refused wherever it stands: whether
    /// "a/../b" stays inside depends on what "a" is.
    ///
    /// - Parameter name: The name as it stands in the archive.
    /// - Throws: `unsafePath` for absolute names, "..", NUL, and names too long to be opened.
    init(checking name: some Collection<UInt8>) throws(ArchiveError) {
        func refusal(_ why: String) -> ArchiveError { ArchiveError(.unsafePath, why, member: name) }
        guard name.first != slash else {
            throw refusal("has an absolute name, which may not be unpacked; pack with `tar -C directory .`")
        }
        guard name.count <= Self.maxPathBytes else {
            throw refusal("has a name of \(name.count) bytes, longer than the \(Self.maxPathBytes) Linux allows")
        }
        guard !name.contains(0) else { throw refusal("has a NUL byte in its name") }
        storage.reserveCapacity(name.count + 1)
        for component in name.split(separator: slash) where !component.elementsEqual(".".utf8) {
            guard !component.elementsEqual("..".utf8) else {
                throw refusal("has '..' in its name, which could leave the target directory")
            }
            guard component.count <= Self.maxNameBytes else {
                throw refusal("has a name part of \(component.count) bytes; Linux allows \(Self.maxNameBytes)")
            }
            append(component)
        }
    }

    /// Goes one component down.
    ///
    /// - Parameter component: A name without slash and NUL, not "." or "..".
    mutating func append(_ component: some Collection<UInt8>) {
        nameStart = storage.count
        storage.append(contentsOf: component)
        storage.append(0)
        depth += 1
    }

    /// Calls `body` with the last component as a C string.
    ///
    /// - Parameter body: Gets the name, valid during the call; an empty name for the target directory itself.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    func withName<R: ~Copyable, E: Error>(_ body: (UnsafePointer<CChar>) throws(E) -> R) throws(E) -> R {
        try Self.withCString(in: storage[nameStart...], body)
    }

    /// Calls `body` with the component that starts a slice of a `storage`.
    ///
    /// - Parameters:
    ///   - slice: Starts with a component and its NUL.
    ///   - body: Gets the component, valid during the call.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    static func withCString<R: ~Copyable, E: Error>(
        in slice: ArraySlice<UInt8>,
        _ body: (UnsafePointer<CChar>) throws(E) -> R
    ) throws(E) -> R {
        try slice.span.withUnsafeBytes { bytes throws(E) in
            guard let start = bytes.baseAddress, bytes.last == 0 else {
                var empty: CChar = 0
                return try body(&empty)
            }
            return try body(start.assumingMemoryBound(to: CChar.self))
        }
    }
}

/// The separator of path components.
let slash = UInt8(ascii: "/")
