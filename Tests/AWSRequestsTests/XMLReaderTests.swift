import Testing

@testable import AWSRequests

@Suite struct XMLReaderTests {
    private func read(_ text: String) throws -> XMLElement { try XMLReader.read(Array(text.utf8)) }

    /// Texts and what they stand for.
    @Test(
        arguments: [
            ("<a>text</a>", "text"), ("<a/>", ""), ("<a></a>", ""), ("<a >x</a >", "x"), ("<a>  </a>", "  "),
            ("<a> b </a>", " b "), ("<a>\n\tb\n</a>", "\n\tb\n"),
            ("<a>1 &lt; 2 &amp;&amp; 3 &gt; 2</a>", "1 < 2 && 3 > 2"), ("<a>&quot;x&apos;</a>", "\"x'"),
            ("<a>&#65;&#x42;&#x1F600;&#0010;</a>", "AB😀\n"), ("<a>&#x1;</a>", "\u{1}"),
            ("<a>&amp;lt;</a>", "&lt;"), ("<a>x<![CDATA[<b>&amp;]]]>y</a>", "x<b>&amp;]y"), ("<a><![CDATA[]]></a>", ""),
            ("<a>x<!-- <b> & -->y</a>", "xy"), ("<a>x<?b c?>y</a>", "xy"), ("<a>1\r\n2\r3\n4</a>", "1\n2\n3\n4"),
            ("<a>&#13;&#10;</a>", "\r\n"), ("<a>çös e\u{301} 😀</a>", "çös e\u{301} 😀"),
            ("\u{feff}<a>x</a>", "x"), ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n \n<a>x</a>\n<!-- end -->\n", "x"),
            ("\n <?xml version='1.0' encoding='utf-8'?><a>x</a>", "x"), ("<?xml version=\"1.0\"?><a>x</a>", "x"),
            ("<n:a xmlns:n=\"http://x/?a=1&b>2\" n:c='\"'>x</n:a>", "x"), ("<a b = \"c\"\n\td='e'/>", ""),
            ("<ünï>x</ünï>", "x"), ("<a.b-c_1>x</a.b-c_1>", "x"),
        ]
    )
    func textsAreKept(document: String, text: String) throws {
        let root = try read(document)
        #expect(root.text.hasSameBytes(text))
        #expect(root.bytes == Array(text.utf8))
    }

    /// Documents that are none, and why.
    @Test(
        arguments: [
            ("", "there is no element (at byte 0)"), ("  \n", "there is no element (at byte 3)"),
            ("<?xml version=\"1.0\"?>", "there is no element (at byte 21)"),
            ("x<a/>", "there is text outside of the document's element (at byte 0)"),
            ("<a/>x", "there is text outside of the document's element (at byte 4)"),
            ("<a/><b/>", "there is a second element behind the document's own (at byte 4)"),
            ("<a>", "the document is cut short (at byte 3)"), ("<a>x", "the document is cut short (at byte 4)"),
            ("<a><b>x</b>", "the document is cut short (at byte 11)"), ("<a", "the document is cut short (at byte 2)"),
            ("<a b", "the document is cut short (at byte 4)"), ("<a b=\"c", "the document is cut short (at byte 7)"),
            ("<", "the document is cut short (at byte 0)"), ("<a></", "the document is cut short (at byte 5)"),
            ("<a></a", "the document is cut short (at byte 6)"), ("<a><!-- ", "the document is cut short (at byte 8)"),
            ("<a><![CDATA[x]]", "the document is cut short (at byte 15)"),
            ("<?xml ", "the document is cut short (at byte 6)"),
            ("<a></b>", "an end tag does not fit its start tag (at byte 3)"),
            ("<n:a></m:a>", "an end tag does not fit its start tag (at byte 5)"),
            ("<a></aa>", "an end tag does not fit its start tag (at byte 3)"),
            ("<a/></a>", "an end tag has no start tag (at byte 4)"),
            ("<a>&nbsp;</a>", "there is an entity that XML itself does not have (at byte 3)"),
            ("<a>&amp</a>", "there is an entity that XML itself does not have (at byte 3)"),
            ("<a>& </a>", "there is an entity that XML itself does not have (at byte 3)"),
            ("<a>&#0;</a>", "there is an entity that XML itself does not have (at byte 3)"),
            ("<a>&#xD800;</a>", "there is an entity that XML itself does not have (at byte 3)"),
            ("<a>&#x110000;</a>", "there is an entity that XML itself does not have (at byte 3)"),
            ("<a>&#-1;</a>", "there is an entity that XML itself does not have (at byte 3)"),
            ("<a>&#;</a>", "there is an entity that XML itself does not have (at byte 3)"),
            ("<a>&#12", "there is an entity that XML itself does not have (at byte 3)"),
            ("<!DOCTYPE a><a/>", "the document declares a type (DOCTYPE), which no AWS answer does (at byte 0)"),
            ("<a>\u{1}</a>", "there is a control character in the text (at byte 3)"),
            ("<a>\u{0}</a>", "there is a control character in the text (at byte 3)"),
            ("<a b></a>", "'=' is missing (at byte 4)"), ("<a b=c></a>", "a quote is missing (at byte 5)"),
            ("<a b=\"1\"c=\"2\"/>", "a blank before an attribute is missing (at byte 8)"),
            ("<a b=\"<\"/>", "the end of a quote is missing (at byte 6)"), ("<a / >", "'>' is missing (at byte 4)"),
            ("< a/>", "a name is missing (at byte 1)"), ("<1a/>", "a name is missing (at byte 1)"),
            ("<a:/>", "a name is missing (at byte 1)"), ("<![CDATA[x]]>", "an element is missing (at byte 0)"),
            ("<a/><?xml version=\"1.0\"?>", "there is a second XML declaration (at byte 4)"),
            (
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>",
                "the document says that it is not UTF-8 (at byte 0)"
            ),
            ("{\"a\": 1}", "there is text outside of the document's element (at byte 0)"),
        ]
    )
    func whatIsWrongIsSaid(document: String, error: String) {
        let found = #expect(throws: XMLError.self) { try read(document) }
        #expect(found?.description == error)
    }

    @Test func onlyUTF8IsRead() {
        let latin = #expect(throws: XMLError.self) {
            try XMLReader.read(Array("<a>".utf8) + [0xe9] + Array("</a>".utf8))
        }
        #expect(latin == XMLError(offset: 3, "the text is not UTF-8"))
        #expect(throws: XMLError.self) { try XMLReader.read([0xff, 0xfe] + "<a/>".utf8.flatMap { [$0, 0] }) }
    }

    /// No beginning of a document is a document.
    @Test func everyCutIsSeen() throws {
        let document = Array(
            "<?xml version=\"1.0\"?><L xmlns=\"u\"><C><K>a&amp;b</K><!-- c --><S>1</S></C><C/><D><![CDATA[x]]></D></L>"
                .utf8
        )
        _ = try XMLReader.read(document)
        for length in document.indices {
            #expect(throws: XMLError.self) { try XMLReader.read(Array(document[..<length])) }
        }
    }

    @Test func depthIsLimited() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        _ = try read(nested(64))
        let error = #expect(throws: XMLError.self) { try read(nested(65)) }
        #expect(error?.message == "elements are nested deeper than 64")
    }

    @Test func elementsAreFound() throws {
        let root = try read("<s:r>\n <x>1</x>\n <s:y><x>2</x><y/></s:y>\n <x>3</x><Xx>4</Xx>\n</s:r>")
        #expect(root.name == "r")
        #expect(root.isNamed("r") && !root.isNamed("s:r") && !root.isNamed("R"))
        #expect(root.children.map(\.name) == ["x", "y", "x", "Xx"])
        #expect(root.children("x").map(\.text) == ["1", "3"])
        #expect(root.text("x") == "1")
        #expect(root.child("y")?.children.map(\.name) == ["x", "y"])
        #expect(root.child("y")?.text("x") == "2")
        #expect(root.child("z") == nil && root.text("z") == nil)
        #expect(root.text == "", "blanks between elements are no text")
        #expect(root.child("y")?.child("y")?.children.map(\.name) == [])
    }
}

extension String {
    /// Whether both are the same bytes; `==` takes composed and decomposed letters for equal.
    fileprivate func hasSameBytes(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
