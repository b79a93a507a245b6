/// Finds the elements of a document; `XMLReader` is what others use.
struct XMLParser {
    private let input: UnsafeBufferPointer<UInt8>
    private var at = 0
    private var nodes: [XMLTree.Node] = []
    /// The elements that have not ended yet, by their index in `nodes`.
    private var open: [Int] = []

    /// Makes a parser at the start of a document.
    ///
    /// - Parameter input: The document, valid while the parser is used.
    init(_ input: UnsafeBufferPointer<UInt8>) {
        self.input = input
        // Elements of a listing take about this much, tags included.
        nodes.reserveCapacity(input.count / 40)
    }

    /// Reads the whole document.
    ///
    /// - Returns: The elements in the order of their start tags, at least one.
    /// - Throws: Where the document is wrong.
    mutating func parseDocument() throws(XMLError) -> [XMLTree.Node] {
        if starts(with: "\u{feff}") { at = 3 }
        while at < input.count {
            try parseText()
            if at < input.count { try parseMarkup() }
        }
        guard open.isEmpty else { throw XMLError(offset: at, "the document is cut short") }
        guard !nodes.isEmpty else { throw XMLError(offset: at, "there is no element") }
        return nodes
    }

    /// Reads up to the next `<`.
    private mutating func parseText() throws(XMLError) {
        while at < input.count {
            switch input[at] {
            case UInt8(ascii: "<"): return
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"): ()
            case UInt8(ascii: "\r"): markNotPlain()
            case 0..<0x20: throw XMLError(offset: at, "there is a control character in the text")
            case _ where open.isEmpty: throw XMLError(offset: at, "there is text outside of the document's element")
            case UInt8(ascii: "&"):
                guard XMLEntities.reference(input[(at + 1)...]) != nil else {
                    throw XMLError(offset: at, "there is an entity that XML itself does not have")
                }
                markNotPlain()
            default: ()
            }
            at += 1
        }
    }

    /// Reads what begins with `<`.
    private mutating func parseMarkup() throws(XMLError) {
        guard at + 1 < input.count else { throw XMLError(offset: at, "the document is cut short") }
        switch input[at + 1] {
        case UInt8(ascii: "/"): try parseEndTag()
        case UInt8(ascii: "?"): try parseInstruction()
        case UInt8(ascii: "!"): try parseDeclaration()
        default: try parseStartTag()
        }
    }

    private mutating func parseStartTag() throws(XMLError) {
        let start = at
        guard open.count < XMLReader.depthLimit else {
            throw XMLError(offset: start, "elements are nested deeper than \(XMLReader.depthLimit)")
        }
        guard nodes.isEmpty || !open.isEmpty else {
            throw XMLError(offset: start, "there is a second element behind the document's own")
        }
        at += 1
        let (tagStart, nameStart) = try parseName()
        let nameEnd = at
        let isEmpty = try parseAttributes()
        let index = nodes.count
        nodes.append(
            XMLTree.Node(
                tagStart: Int32(tagStart),
                nameStart: Int32(nameStart),
                nameEnd: Int32(nameEnd),
                contentStart: Int32(at),
                contentEnd: Int32(at),
                next: Int32(index + 1)
            )
        )
        if !isEmpty { open.append(index) }
    }

    private mutating func parseEndTag() throws(XMLError) {
        let start = at
        at += 2
        let (tagStart, _) = try parseName()
        let nameEnd = at
        skipBlanks()
        try expect(">")
        guard let index = open.popLast() else { throw XMLError(offset: start, "an end tag has no start tag") }
        let length = nameEnd - tagStart
        let opened = Int(nodes[index].tagStart)
        guard Int(nodes[index].nameEnd) - opened == length,
            (0..<length).allSatisfy({ input[tagStart + $0] == input[opened + $0] })
        else { throw XMLError(offset: start, "an end tag does not fit its start tag") }
        nodes[index].contentEnd = Int32(start)
        nodes[index].next = Int32(nodes.count)
    }

    /// Reads a name; tells where it begins with and without its prefix.
    private mutating func parseName() throws(XMLError) -> (start: Int, local: Int) {
        let start = at
        var local = at
        while at < input.count, Self.isNameByte(input[at]) {
            if input[at] == UInt8(ascii: ":") { local = at + 1 }
            at += 1
        }
        // Digits, `-` and `.` may not begin a name.
        guard local < at, input[start] >= UInt8(ascii: "A") else { throw XMLError(offset: start, cutOr("a name")) }
        return (start, local)
    }

    /// Reads the rest of a start tag.
    ///
    /// - Returns: Whether the element ends with the tag.
    private mutating func parseAttributes() throws(XMLError) -> Bool {
        while true {
            let hadBlank = skipBlanks()
            guard at < input.count else { throw XMLError(offset: at, "the document is cut short") }
            if input[at] == UInt8(ascii: ">") {
                at += 1
                return false
            }
            if input[at] == UInt8(ascii: "/") {
                at += 1
                try expect(">")
                return true
            }
            guard hadBlank else { throw XMLError(offset: at, cutOr("a blank before an attribute")) }
            try parseAttribute()
        }
    }

    private mutating func parseAttribute() throws(XMLError) {
        _ = try parseName()
        skipBlanks()
        try expect("=")
        skipBlanks()
        guard at < input.count, input[at] == UInt8(ascii: "\"") || input[at] == UInt8(ascii: "'") else {
            throw XMLError(offset: at, cutOr("a quote"))
        }
        let quote = input[at]
        at += 1
        while at < input.count, input[at] != quote {
            guard input[at] != UInt8(ascii: "<") else { throw XMLError(offset: at, cutOr("the end of a quote")) }
            at += 1
        }
        guard at < input.count else { throw XMLError(offset: at, "the document is cut short") }
        at += 1
    }

    /// Reads a comment or a CDATA section; anything else that begins with `<!` declares a document type.
    private mutating func parseDeclaration() throws(XMLError) {
        if starts(with: "<!--") {
            at += 4
            try skip(through: "-->")
        } else if starts(with: "<![CDATA["), !open.isEmpty {
            at += 9
            try skip(through: "]]>")
        } else if starts(with: "<!DOCTYPE") {
            throw XMLError(offset: at, "the document declares a type (DOCTYPE), which no AWS answer does")
        } else {
            throw XMLError(offset: at, cutOr("an element"))
        }
        markNotPlain()
    }

    private mutating func parseInstruction() throws(XMLError) {
        let start = at
        at += 2
        let (name, _) = try parseName()
        let isXML = at - name == 3 && starts(with: "<?xml", at: start)
        try skip(through: "?>")
        if isXML {
            guard nodes.isEmpty else { throw XMLError(offset: start, "there is a second XML declaration") }
            try checkEncoding(input[start..<at], offset: start)
        }
        markNotPlain()
    }

    /// The bytes are UTF-8, which was checked: another encoding's name means that they are not meant so.
    private func checkEncoding(_ declaration: Slice<UnsafeBufferPointer<UInt8>>, offset: Int) throws(XMLError) {
        let text = String(decoding: declaration, as: UTF8.self).lowercased()
        guard let name = text.firstRange(of: "encoding") else { return }
        let encoding = text[name.upperBound...].drop { $0 == " " || $0 == "=" || $0 == "'" || $0 == "\"" }
            .prefix { $0 != "'" && $0 != "\"" && $0 != "?" }
        guard ["utf-8", "utf8", "us-ascii", "ascii"].contains(encoding) else {
            throw XMLError(offset: offset, "the document says that it is not UTF-8")
        }
    }
}

// MARK: - Reading bytes

extension XMLParser {
    private mutating func markNotPlain() {
        if let last = open.last { nodes[last].isPlain = false }
    }

    @discardableResult
    private mutating func skipBlanks() -> Bool {
        let start = at
        while at < input.count, Self.isBlank(input[at]) { at += 1 }
        return at > start
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t")
            || byte == UInt8(ascii: "\r")
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(XMLError) {
        guard at < input.count, input[at] == UInt8(ascii: character) else {
            throw XMLError(offset: at, cutOr("'\(character)'"))
        }
        at += 1
    }

    private mutating func skip(through mark: StaticString) throws(XMLError) {
        while at < input.count {
            if starts(with: mark, at: at) {
                at += mark.utf8CodeUnitCount
                return
            }
            at += 1
        }
        throw XMLError(offset: at, "the document is cut short")
    }

    private func starts(with text: StaticString) -> Bool { starts(with: text, at: at) }

    private func starts(with text: StaticString, at start: Int) -> Bool {
        text.withUTF8Buffer { text in
            text.count <= input.count - start && (0..<text.count).allSatisfy { text[$0] == input[start + $0] }
        }
    }

    /// What is wrong at a place where something else should be.
    private func cutOr(_ expected: String) -> String {
        at < input.count ? "\(expected) is missing" : "the document is cut short"
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x80...0xff: true
        case UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }
}
