import ObjectStorage
import SystemPackage
import Testing

/// Bytes without a pattern, so that a wrong offset shows.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        for word in 0..<count / 8 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            UnsafeMutableRawBufferPointer(buffer).storeBytes(of: state, toByteOffset: 8 * word, as: UInt64.self)
        }
        for index in count / 8 * 8..<count {
            buffer[index] = UInt8(truncatingIfNeeded: index) ^ UInt8(truncatingIfNeeded: seed)
        }
        filled = count
    }
}

/// The bytes of a file; nil when there is none.
func bytes(of file: FilePath) -> [UInt8]? {
    try? withOpenFile(file, address: file.string) { descriptor in
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while case let count = try buffer.withUnsafeMutableBytes({ try descriptor.read(into: $0) }), count > 0 {
            bytes += buffer[..<count]
        }
        return bytes
    }
}

/// Writes a file and the folders above it.
func write(_ bytes: [UInt8], to file: FilePath) throws {
    try replaceFile(file, with: bytes)
}

/// Fails the test when the bytes differ, without showing megabytes.
func expectSame(_ found: [UInt8]?, _ expected: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) {
    guard found != expected else { return }
    let place = zip(found ?? [], expected).enumerated().first { $1.0 != $1.1 }?.offset
    Issue.record(
        """
        \(found.map { "\($0.count)" } ?? "no") bytes instead of \(expected.count); \
        the first that differs is \(place.map { "\($0)" } ?? "behind the shorter")
        """,
        sourceLocation: sourceLocation
    )
}
