package import SystemPackage

/// The name of an object in a bucket, as bytes.
///
/// S3 compares keys byte by byte; Swift's `String` would take `é` composed and decomposed for the same key.
package struct ObjectKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The bytes of the key.
    package let bytes: [UInt8]

    /// Makes a key from bytes.
    package init(bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    /// Makes a key from a text, by its UTF-8.
    package init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// The key as text; bytes that are no UTF-8 show as U+FFFD.
    package var description: String { String(decoding: bytes, as: UTF8.self) }

    /// The part behind the last `/`; empty for a key that ends in one.
    package var lastComponent: ObjectKey {
        guard let slash = bytes.lastIndex(of: .slash) else { return self }
        return ObjectKey(bytes: bytes[(slash + 1)...])
    }

    /// Tells whether the key ends in `/`, as folder markers of consoles do.
    package var isFolderMarker: Bool { bytes.last == .slash }

    /// Tells whether the key begins with the bytes of `prefix`.
    package func hasPrefix(_ prefix: ObjectKey) -> Bool { bytes.starts(with: prefix.bytes) }

    /// The key without its first `count` bytes.
    package func droppingFirst(_ count: Int) -> ObjectKey { ObjectKey(bytes: bytes.dropFirst(count)) }

    /// The key followed by `text`, with nothing in between: `s3Path` + `/output/job.json` is a plain concatenation
    /// (contract §5.2).
    package func appending(_ text: String) -> ObjectKey { ObjectKey(bytes: bytes + Array(text.utf8)) }

    /// The key followed by `/` (unless it ends in one or is empty) and `relative`.
    package func child(_ relative: ObjectKey) -> ObjectKey {
        bytes.isEmpty || bytes.last == .slash
            ? ObjectKey(bytes: bytes + relative.bytes) : ObjectKey(bytes: bytes + [.slash] + relative.bytes)
    }

    /// The key as a path below a folder.
    ///
    /// - Returns: nil when a part of the key would lead elsewhere (`..`), cannot be a file name (a NUL byte, more
    ///   than 255 bytes), or when nothing is left; empty parts and `.` fall away as in POSIX path resolution.
    package func relativePath() -> FilePath? {
        var parts: [ArraySlice<UInt8>] = []
        for part in bytes.split(separator: .slash) where !part.elementsEqual(".".utf8) {
            guard !part.elementsEqual("..".utf8), !part.contains(0), part.count <= 255 else { return nil }
            parts.append(part)
        }
        guard !parts.isEmpty else { return nil }
        return FilePath(bytes: parts.joined(separator: [.slash]))
    }

    package static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension UInt8 {
    /// The byte `/`.
    package static let slash = UInt8(ascii: "/")
}

extension FilePath {
    /// Makes a path from bytes, which on Linux need not be UTF-8.
    ///
    /// - Parameter bytes: The path, without a NUL byte.
    package init(bytes: some Sequence<UInt8>) {
        let characters = bytes.map(CChar.init(bitPattern:)) + [0]
        self = characters.withUnsafeBufferPointer { buffer in
            // The array above always holds at least its NUL.
            buffer.baseAddress.map { FilePath(platformString: $0) } ?? FilePath()
        }
    }

    /// The bytes of the path.
    package var bytes: [UInt8] {
        withPlatformString { pointer in
            var bytes: [UInt8] = []
            var next = pointer
            while next.pointee != 0 {
                bytes.append(UInt8(bitPattern: next.pointee))
                next += 1
            }
            return bytes
        }
    }
}
