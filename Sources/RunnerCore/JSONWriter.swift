extension JSONValue {
    /// The value as a JSON text, members in their order and characters beyond ASCII as they are.
    ///
    /// - Parameter pretty: Whether to put each member and element on its own line, indented by two spaces.
    /// - Returns: The text, without a line break at the end.
    package func serialized(pretty: Bool = false) -> String {
        var writer = JSONWriter(indentation: pretty ? 2 : nil)
        writer.write(self)
        return writer.text
    }

    /// The value as `json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)` writes it, which is
    /// the encoding of every `SM_*` variable (contract §1.4).
    ///
    /// Numbers are written as Python writes what it has read: `1e-3` becomes `0.001`, `1e400` becomes `Infinity`.
    ///
    /// - Returns: The text, in ASCII.
    package func pythonDumps() -> String {
        var writer = JSONWriter(isPython: true)
        writer.write(self)
        return writer.text
    }
}

/// Writes values to a text.
private struct JSONWriter {
    /// The text so far.
    private(set) var text = ""
    /// How many spaces a level is indented by; nil writes one line.
    var indentation: Int?
    /// Whether to write what `json.dumps` writes: sorted names, ASCII only, Python's numbers.
    var isPython = false

    private var depth = 0

    init(indentation: Int? = nil, isPython: Bool = false) {
        self.indentation = indentation
        self.isPython = isPython
    }

    mutating func write(_ value: JSONValue) {
        switch value {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .number(let number): text += isPython ? number.pythonText : number.text
        case .string(let value): writeString(value)
        case .array(let elements):
            writeSequence(elements, open: "[", close: "]") { writer, element in writer.write(element) }
        case .object(let object):
            writeSequence(ordered(object.members), open: "{", close: "}") { writer, member in
                writer.writeString(member.name)
                writer.text += writer.indentation == nil ? ":" : ": "
                writer.write(member.value)
            }
        }
    }

    private func ordered(_ members: [JSONObject.Member]) -> [JSONObject.Member] {
        isPython ? members.sorted { $0.name.precedesByCodePoint($1.name) } : members
    }

    private mutating func writeSequence<Element>(
        _ elements: [Element],
        open: String,
        close: String,
        writeElement: (inout JSONWriter, Element) -> Void
    ) {
        text += open
        depth += 1
        for (index, element) in elements.enumerated() {
            if index > 0 { text += "," }
            breakLine()
            writeElement(&self, element)
        }
        depth -= 1
        if !elements.isEmpty { breakLine() }
        text += close
    }

    private mutating func breakLine() {
        guard let indentation else { return }
        text += "\n" + String(repeating: " ", count: depth * indentation)
    }

    private mutating func writeString(_ string: String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{08}": text += "\\b"
            case "\u{0C}": text += "\\f"
            case "\u{00}"..."\u{1F}": writeEscape(UInt16(scalar.value))
            // Python escapes DEL with the rest when it writes ASCII: its test is "not between ' ' and '~'".
            case "\u{7F}"... where isPython: for unit in UTF16.encode(scalar) ?? .init() { writeEscape(unit) }
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }

    private mutating func writeEscape(_ unit: UInt16) {
        let digits = String(unit, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }
}
