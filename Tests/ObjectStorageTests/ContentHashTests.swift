import ObjectStorage
import RunnerCore
import Testing

@Suite struct ContentHashTests {
    /// FIPS 180-4's examples and the hash of nothing.
    @Test(
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func knownAnswers(text: String, expected: String) throws {
        let hash = ContentHash()
        var source = HashingSource(BytesSource(Array(text.utf8), chunkSizeBytes: 3), hash: hash)
        var sink = BytesSink()
        var buffer = [UInt8](repeating: 0, count: 100)
        while case let count = try buffer.withUnsafeMutableBytes({ try source.read(into: $0) }), count > 0 {
            try buffer[..<count].withUnsafeBytes { try sink.write($0) }
        }
        #expect(hash.hexadecimal == expected)
        #expect(hash.byteCount == Int64(text.utf8.count))
        #expect(sink.bytes == Array(text.utf8))
    }

    @Test func aMillionLetters() {
        let hash = ContentHash()
        let block = [UInt8](repeating: UInt8(ascii: "a"), count: 1000)
        for _ in 0..<1000 { block.withUnsafeBytes { hash.update($0) } }
        #expect(hash.hexadecimal == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        #expect(hash.byteCount == 1_000_000)
    }

    @Test func theHashCanBeAskedInBetween() {
        let hash = ContentHash()
        Array("a".utf8).withUnsafeBytes { hash.update($0) }
        #expect(hash.hexadecimal == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb")
        Array("bc".utf8).withUnsafeBytes { hash.update($0) }
        #expect(hash.hexadecimal == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    /// Above one megabyte a thread hashes; asked in between it goes on afterwards.
    @Test func largeContentIsHashedByAThread() {
        let hash = ContentHash()
        let block = [UInt8](repeating: 0, count: 300_000)
        for _ in 0..<20 { block.withUnsafeBytes { hash.update($0) } }
        #expect(hash.hexadecimal == "a973958be9796e1828804c04894509fdf6b70d2c77b62b49bd2cef25674c032b")
        for _ in 0..<20 { block.withUnsafeBytes { hash.update($0) } }
        #expect(hash.hexadecimal == "790c7f6a905819fa49d5883ebb98cd79f4ecf9935d7d81b47e0fe24821406ca5")
        #expect(hash.byteCount == 12_000_000)
    }
}
