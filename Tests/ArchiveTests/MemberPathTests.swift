import RunnerTestSupport
import Testing

@testable import Archive

struct MemberPathTests {
    @Test(
        "names that stay inside",
        arguments: [
            ("a", ["a"]), ("a/b", ["a", "b"]), ("./a", ["a"]), ("a//b/./c/", ["a", "b", "c"]), ("./", []), ("", []),
            ("..a/b..", ["..a", "b.."]), ("...", ["..."]), ("a\\..\\b", ["a\\..\\b"]), ("C:/x", ["C:", "x"]),
        ] as [(String, [String])]
    )
    func accepted(_ name: String, _ components: [String]) throws {
        let path = try MemberPath(checking: Array(name.utf8))
        #expect(path.components == components.map { Array($0.utf8) })
        #expect(path.depth == components.count)
        #expect(path.bytes == Array(components.joined(separator: "/").utf8))
        #expect(path.isRoot == components.isEmpty)
    }

    @Test(
        "names that are refused",
        arguments: [
            "/etc/passwd", "//a", "..", "../a", "a/..", "a/../b", "a/../../b", "./../a", "a\0b",
            String(repeating: "n", count: 256), String(repeating: "d/", count: 2100),
        ]
    )
    func refused(_ name: String) throws {
        #expect(code { _ = try MemberPath(checking: Array(name.utf8)) } == .unsafePath)
    }

    @Test(
        "names in messages",
        arguments: [
            ("plain.txt", "plain.txt"), ("a\nERROR: forged", "a\\u{a}ERROR: forged"),
            ("\u{202E}gnp", "\\u{202e}gnp"), ("\u{1B}[31m", "\\u{1b}[31m"), ("caf\u{E9}", "caf\u{E9}"),
        ]
    )
    func shown(_ name: String, _ text: String) {
        #expect(MemberName.shown(Array(name.utf8)) == text)
    }

    @Test func bytesThatAreNotTextAreShown() {
        #expect(MemberName.shown([0x68, 0x69, 0x80, 0xff, 0x62]) == "hi\\x80\\xffb")
        #expect(MemberName.shown([0xe2, 0x82]) == "\\xe2\\x82")
        let long = MemberName.shown([UInt8](repeating: UInt8(ascii: "n"), count: 1 << 20))
        #expect(long.count < 300)
    }
}

struct LinkPolicyTests {
    @Test(
        "links by their text",
        arguments: [
            ("l", "a", true), ("d/l", "../a", true), ("d/l", "../..", nil), ("l", "..", nil), ("l", "/a", nil),
            ("l", "", nil), ("l", "a/..", false), ("l", "a/../..", nil), ("d/e/l", "../../x", true), ("l", ".", true),
            ("l", "./a/./b", true), ("d/l", ".././../a", nil),
        ] as [(String, String, Bool?)]
    )
    func judged(_ link: String, _ target: String, _ isSafe: Bool?) throws {
        let path = try MemberPath(checking: Array(link.utf8))
        let verdict = try? LinkPolicy.judge(target: Array(target.utf8), of: path)
        #expect(verdict.map { $0 == .safe } == isSafe)
    }

    @Test(
        "links through the tree",
        arguments: [
            ("a/..", true), ("cur/..", false), ("d/e/..", true), ("down/..", true), ("down/../..", true),
            ("down/../../..", false), ("missing/..", true), ("missing/../..", false), ("loop/x", true), ("d", true),
        ]
    )
    func resolved(_ target: String, _ staysInside: Bool) throws {
        try withTemporaryDirectory { directory in
            var writer = try TreeWriter(directory: directory)
            try writer.makeDirectory(try MemberPath(checking: Array("d/e".utf8)), permissions: 0o755)
            for (name, text) in [("cur", "."), ("down", "d/e"), ("loop", "loop")] {
                try writer.makeSymbolicLink(try MemberPath(checking: Array(name.utf8)), target: Array(text.utf8))
            }
            let link = try MemberPath(checking: Array("link".utf8))
            let result = LinkPolicy.staysInside(target: Array(target.utf8), of: link, root: writer.root)
            #expect(result == staysInside)
        }
    }
}
