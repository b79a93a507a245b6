import CChecksums
import Testing

@testable import Checksums

/// The CRCs by their definition, one bit at a time.
private func definition(_ kind: CChecksums_kind, _ bytes: some Sequence<UInt8>) -> UInt64 {
    let (polynomial, ones): (UInt64, UInt64) =
        switch kind {
        case CChecksums_crc64nvme: (0x9a6c_9329_ac4b_c9b5, .max)
        case CChecksums_crc32: (0xedb8_8320, 0xffff_ffff)
        default: (0x82f6_3b78, 0xffff_ffff)
        }
    var register = ones
    for byte in bytes {
        register ^= UInt64(byte)
        for _ in 0..<8 { register = register >> 1 ^ (register & 1 == 1 ? polynomial : 0) }
    }
    return register ^ ones
}

/// Bytes without a pattern, the same at each run.
private func noise(_ count: Int) -> [UInt8] {
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state >> 32)
    }
}

private let kinds = [CChecksums_crc64nvme, CChecksums_crc32, CChecksums_crc32c]

@Suite struct CRCTests {
    /// A CRC and a way that this CPU has for it.
    struct Way: Sendable, CustomTestStringConvertible {
        let kind: CChecksums_kind
        let way: CChecksums_way

        var testDescription: String { "crc \(kind.rawValue) by way \(way.rawValue)" }

        static let all = kinds.flatMap { kind in
            (0..<CChecksums_way_count.rawValue).map { Way(kind: kind, way: CChecksums_way($0)) }
        }
        .filter { CChecksums_has_way($0.kind, $0.way) == 1 }
    }

    /// Every length around the blocks of 16, 64 and 256 bytes, at every alignment, begun and continued.
    @Test(arguments: Way.all)
    func everyWayFollowsTheDefinition(way: Way) {
        let bytes = noise(1100)
        for length in Array(0...300) + [511, 512, 513, 767, 768, 769, 1024, 1080] {
            let start = length % 17
            let piece = bytes[start..<start + length]
            let found = Array(bytes[..<(start + length)]).withUnsafeBytes { bytes -> UInt64 in
                let base = UnsafeRawBufferPointer(rebasing: bytes[start...])
                let cut = min(length, 37)
                let begun = CChecksums_update_by(way.way, way.kind, 0, base.baseAddress, length - cut)
                let rest = UnsafeRawBufferPointer(rebasing: base[(length - cut)...])
                return CChecksums_update_by(way.way, way.kind, begun, rest.baseAddress, cut)
            }
            #expect(found == definition(way.kind, piece), "\(length) bytes")
        }
    }

    /// Whichever way is taken for a length.
    @Test(arguments: kinds)
    func theChosenWayFollowsTheDefinition(kind: CChecksums_kind) {
        for length in [0, 1, 8, 63, 64, 65, 255, 256, 257, 5000] {
            let bytes = noise(length)
            let found = bytes.withUnsafeBytes { CChecksums_update(kind, 0, $0.baseAddress, $0.count) }
            #expect(found == definition(kind, bytes), "\(length) bytes")
        }
    }

    @Test func tablesAndMultiplicationAreThere() {
        #expect(Way.all.count >= 3)
        #expect(kinds.allSatisfy { CChecksums_has_way($0, CChecksums_tables) == 1 })
        #expect(CChecksums_has_way(CChecksums_crc64nvme, CChecksums_instruction) == 0)
    }

    @Test(arguments: kinds)
    func combinationIsThatOfTheWhole(kind: CChecksums_kind) {
        let bytes = noise(2000)
        for cut in [0, 1, 7, 1000, 1999, 2000] {
            let first = definition(kind, bytes[..<cut])
            let second = definition(kind, bytes[cut...])
            #expect(CChecksums_combine(kind, first, second, UInt64(2000 - cut)) == definition(kind, bytes))
        }
    }
}

@Suite struct ChecksumTests {
    /// The check values of the CRC catalogue, and the digests of the same text by sha256sum, sha1sum and md5sum.
    @Test(
        arguments: [
            (.crc64nvme, "ae8b14860a799888", "rosUhgp5mIg="), (.crc32, "cbf43926", "y/Q5Jg=="),
            (.crc32c, "e3069283", "4waSgw=="),
            (
                .sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
                "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="
            ),
            (.sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441", "98O8HYCOBHMq32eZZczDTKeuNEE="),
            (.md5, "25f9e794323b453885f5181f1b624d0b", "JfnnlDI7RTiF9RgfG2JNCw=="),
        ] as [(ChecksumAlgorithm, String, String)]
    )
    func checkValues(algorithm: ChecksumAlgorithm, hexadecimal: String, base64: String) throws {
        let value = ChecksumValue(algorithm, of: Array("123456789".utf8))
        #expect(value.bytes.count == algorithm.byteCount)
        #expect(value.base64 == base64)
        #expect(value == ChecksumValue(algorithm, base64: base64))
        #expect(value == ChecksumValue(algorithm, hexadecimal: hexadecimal))
        #expect(value.description == "\(algorithm.name) \(base64)")
        let changed = Array("123456788".utf8)
        #expect(value != ChecksumValue(algorithm, of: changed))
    }

    @Test(arguments: ChecksumAlgorithm.allCases)
    func piecesMakeTheSameAsTheWhole(algorithm: ChecksumAlgorithm) {
        let bytes = noise(10_000)
        var checksum = Checksum(algorithm)
        var rest = bytes[...]
        for size in [0, 1, 63, 700, 4000, 5236] {
            Array(rest.prefix(size)).withUnsafeBytes { checksum.update($0) }
            // A value may be asked for on the way.
            _ = checksum.value
            rest = rest.dropFirst(size)
        }
        #expect(rest.isEmpty)
        #expect(checksum.value == ChecksumValue(algorithm, of: bytes))
    }

    @Test func copiesGoTheirOwnWay() {
        for algorithm in ChecksumAlgorithm.allCases {
            var one = Checksum(algorithm)
            Array("ab".utf8).withUnsafeBytes { one.update($0) }
            let other = one
            Array("c".utf8).withUnsafeBytes { one.update($0) }
            #expect(other.value == ChecksumValue(algorithm, of: Array("ab".utf8)))
            #expect(one.value == ChecksumValue(algorithm, of: Array("abc".utf8)))
        }
    }

    @Test(arguments: [ChecksumAlgorithm.crc64nvme, .crc32c, .crc32])
    func partsCombine(algorithm: ChecksumAlgorithm) {
        let bytes = noise(3000)
        let first = ChecksumValue(algorithm, of: Array(bytes[..<1100]))
        let second = ChecksumValue(algorithm, of: Array(bytes[1100...]))
        #expect(first.combined(with: second, lengthBytes: 1900) == ChecksumValue(algorithm, of: bytes))
        #expect(first.combined(with: second, lengthBytes: 1899) != ChecksumValue(algorithm, of: bytes))
    }

    @Test func onlyTheSameCRCsCombine() {
        func value(_ algorithm: ChecksumAlgorithm) -> ChecksumValue { ChecksumValue(algorithm, of: []) }
        #expect(value(.sha256).combined(with: value(.sha256), lengthBytes: 0) == nil)
        #expect(value(.crc32).combined(with: value(.crc32c), lengthBytes: 0) == nil)
        #expect(value(.crc32).combined(with: value(.crc32), lengthBytes: -1) == nil)
    }

    @Test(
        arguments: [
            (.crc64nvme, "x-amz-checksum-crc64nvme", "CRC64NVME"), (.crc32c, "x-amz-checksum-crc32c", "CRC32C"),
            (.crc32, "x-amz-checksum-crc32", "CRC32"), (.sha256, "x-amz-checksum-sha256", "SHA256"),
            (.sha1, "x-amz-checksum-sha1", "SHA1"), (.md5, "Content-MD5", "MD5"),
        ] as [(ChecksumAlgorithm, String, String)]
    )
    func names(algorithm: ChecksumAlgorithm, header: String, name: String) {
        #expect(algorithm.headerName == header)
        #expect(algorithm.name == name)
    }
}

@Suite struct ChecksumTextTests {
    /// RFC 4648 §10.
    @Test(
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
    )
    func base64(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test func everyByteComesBack() {
        let bytes = (0...255).map(UInt8.init) + noise(1000)
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        #expect(Base64.encode([0xfb, 0xff]) == "+/8=")
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Zg===", "=", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "Zm9-", "Zg==Zg==", "é"])
    func whatIsNoBase64IsRefused(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(arguments: ["", "cbf4392", "cbf439266", "cbf4392g", "cbf4392é", "+cbf4392"])
    func whatIsNoHexadecimalIsRefused(text: String) {
        #expect(ChecksumValue(.crc32, hexadecimal: text) == nil)
    }

    @Test func lengthsAreChecked() {
        #expect(ChecksumValue(.crc64nvme, base64: "y/Q5Jg==") == nil)
        #expect(ChecksumValue(.crc32, base64: "rosUhgp5mIg=") == nil)
        #expect(ChecksumValue(.crc32, hexadecimal: "CBF43926") == ChecksumValue(.crc32, base64: "y/Q5Jg=="))
    }

    @Test(
        arguments: [
            ("y/Q5Jg==", nil, true), ("y/Q5Jg==-3", 3, true), ("y/Q5Jg==-10000", 10000, true),
            ("y/Q5Jg==-0", nil, false),
            ("y/Q5Jg==-", nil, false), ("y/Q5Jg==-x", nil, false), ("y/Q5Jg==-+3", nil, false), ("-3", nil, false),
            ("y/Q5Jg==-3-3", nil, false), ("y/Q5Jg", nil, false), ("", nil, false),
        ] as [(String, Int?, Bool)]
    )
    func objectChecksums(text: String, partCount: Int?, isValid: Bool) {
        let checksum = ObjectChecksum(.crc32, text: text)
        #expect((checksum != nil) == isValid)
        #expect(checksum?.partCount == partCount)
        if isValid { #expect(checksum?.text == text && checksum?.description == "CRC32 \(text)") }
    }

    /// The object's value is `sha256(sha256("one") + sha256("two"))` by sha256sum.
    @Test func checksumOfPartsIsThatOfTheirChecksums() throws {
        let parts = ["one", "two"].map { ChecksumValue(.sha256, of: Array($0.utf8)) }
        let checksum = try #require(ObjectChecksum(ofParts: parts))
        #expect(checksum.text == "EZFMGaKKmMV9EvPM5sMreUR4T0tHgacGwk6x3ChOKFY=-2")
        #expect(ObjectChecksum(ofParts: []) == nil)
        #expect(ObjectChecksum(ofParts: [parts[0], ChecksumValue(.crc32, of: [])]) == nil)
    }
}
