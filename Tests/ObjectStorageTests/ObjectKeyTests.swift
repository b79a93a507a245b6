import ObjectStorage
import SystemPackage
import Testing

@Suite struct ObjectKeyTests {
    @Test(
        arguments: [
            ("a/b.txt", "a/b.txt"), ("a", "a"), ("/a", "a"), ("a//b", "a/b"), ("./a/./b/", "a/b"), ("a/...", "a/..."),
            ("a/..b", "a/..b"), ("a b/ü", "a b/ü"), ("a\\b", "a\\b"), ("", nil), ("/", nil), (".", nil), ("./", nil),
            ("..", nil), ("a/../b", nil), ("a/..", nil), ("../a", nil), ("/..", nil), ("a\0b", nil),
        ] as [(String, String?)]
    )
    func relativePathStaysBelowItsFolder(key: String, expected: String?) {
        #expect(ObjectKey(key).relativePath()?.string == expected)
    }

    @Test func aPartMayHave255Bytes() {
        let longest = String(repeating: "x", count: 255)
        #expect(ObjectKey("a/" + longest).relativePath()?.string == "a/" + longest)
        #expect(ObjectKey("a/x" + longest).relativePath() == nil)
        // 128 characters, 256 bytes.
        #expect(ObjectKey(String(repeating: "é", count: 128)).relativePath() == nil)
    }

    @Test func bytesThatAreNoTextStayAsTheyAre() throws {
        let key = ObjectKey(bytes: [0x61, 0x2f, 0xff, 0xfe])
        let path = try #require(key.relativePath())
        #expect(path.bytes == [0x61, 0x2f, 0xff, 0xfe])
        #expect(FilePath(bytes: path.bytes) == path)
        #expect(key.description == "a/\u{fffd}\u{fffd}")
    }

    @Test func keysAreComparedByBytes() {
        #expect(ObjectKey("\u{e9}") != ObjectKey("e\u{301}"))
        let sorted = ["a/b", "a", "a.txt", "a0", "", "Z", "\u{e9}", "a/"].map(ObjectKey.init).sorted()
        #expect(sorted.map(\.description) == ["", "Z", "a", "a.txt", "a/", "a/b", "a0", "\u{e9}"])
    }

    @Test(
        arguments: [
            ("a/b/c", "c", false), ("a", "a", false), ("a/", "", true), ("", "", false), ("/", "", true),
            ("a/b/", "", true),
        ])
    func lastComponent(key: String, last: String, isFolderMarker: Bool) {
        #expect(ObjectKey(key).lastComponent == ObjectKey(last))
        #expect(ObjectKey(key).isFolderMarker == isFolderMarker)
    }

    @Test func joining() {
        #expect(ObjectKey("a").child(ObjectKey("b")) == ObjectKey("a/b"))
        #expect(ObjectKey("a/").child(ObjectKey("b")) == ObjectKey("a/b"))
        #expect(ObjectKey("").child(ObjectKey("b")) == ObjectKey("b"))
        #expect(ObjectKey("a").child(ObjectKey("")) == ObjectKey("a/"))
        // The SDK's f-string: a trailing slash of the path gives two.
        #expect(ObjectKey("a/").appending("/output/model.tar.gz") == ObjectKey("a//output/model.tar.gz"))
        #expect(ObjectKey("abc").hasPrefix(ObjectKey("ab")))
        #expect(!ObjectKey("ab").hasPrefix(ObjectKey("abc")))
        #expect(ObjectKey("abc").droppingFirst(2) == ObjectKey("c"))
    }
}
