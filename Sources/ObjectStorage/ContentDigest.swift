import Crypto
package import RunnerCore
package import SystemPackage

/// The SHA-256 of a content, as a value of 32 bytes.
package struct ContentDigest: Hashable, Sendable, CustomStringConvertible {
    // Not a SIMD type: its alignment of 32 bytes is more than an async frame has.
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    private init(_ bytes: some Sequence<UInt8>) {
        var words: [UInt64] = [0, 0, 0, 0]
        for (index, byte) in bytes.enumerated() { words[index / 8] |= UInt64(byte) << UInt64(8 * (index % 8)) }
        (first, second, third, fourth) = (words[0], words[1], words[2], words[3])
    }

    /// Reads a digest from its 64 lowercase hexadecimal digits.
    ///
    /// - Parameter text: The digits; nil is returned for anything else.
    package init?(hexadecimal text: some StringProtocol) {
        let digits = text.utf8.map { digit -> UInt8? in
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            default: nil
            }
        }
        let known = digits.compactMap { $0 }
        guard known.count == 64, digits.count == 64 else { return nil }
        self.init(stride(from: 0, to: 64, by: 2).map { known[$0] << 4 | known[$0 + 1] })
    }

    /// Hashes the first bytes of an open file; blocks.
    ///
    /// - Parameters:
    ///   - descriptor: Open for reading; its offset is not moved.
    ///   - limitBytes: How many bytes; the file may be shorter.
    ///   - name: The file's name for messages.
    ///   - cancellation: Makes it throw once it is set.
    /// - Throws: `ObjectStoreError`, `CancellationError`.
    package init(
        of descriptor: FileDescriptor,
        limitBytes: Int64 = .max,
        name: String,
        cancellation: CancellationFlag
    ) throws {
        var hash = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 4096)
        defer { buffer.deallocate() }
        var offset: Int64 = 0
        while offset < limitBytes {
            try cancellation.check()
            let wanted = UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<Int(min(Int64(buffer.count), limitBytes - offset))]
            )
            let count: Int
            do {
                count = try descriptor.read(fromAbsoluteOffset: offset, into: wanted)
            } catch let error as Errno {
                throw ObjectStoreError(reading: name, error)
            }
            guard count > 0 else { break }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: wanted[..<count]))
            offset += Int64(count)
        }
        self.init(hash.finalize())
    }

    /// Hashes bytes.
    ///
    /// - Parameter bytes: The whole content.
    package init(of bytes: [UInt8]) {
        self.init(SHA256.hash(data: bytes))
    }

    /// The digest in lowercase hexadecimal.
    package var description: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for word in [first, second, third, fourth] {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                let byte = UInt8(truncatingIfNeeded: word >> shift)
                text.append(digits[Int(byte >> 4)])
                text.append(digits[Int(byte & 15)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
