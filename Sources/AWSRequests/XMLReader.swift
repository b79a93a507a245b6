/// Reads the XML documents of AWS answers.
///
/// Small and strict: a document that is cut short, not UTF-8 or not well-formed is an error and never a short listing;
/// a document type is refused, and with it every entity that could grow or reach out. Prefixes of names, attributes,
/// comments and processing instructions carry nothing in these answers and are passed over. Blanks in texts are kept,
/// since a key may be nothing else.
package enum XMLReader {
    /// How deep elements may be nested; AWS answers need six.
    package static let depthLimit = 64

    /// Reads a document.
    ///
    /// - Parameter bytes: The document in UTF-8, with or without a byte order mark.
    /// - Returns: Its outermost element.
    /// - Throws: Where the document is wrong, and what about it.
    package static func read(_ bytes: [UInt8]) throws(XMLError) -> XMLElement {
        guard bytes.count <= Int32.max else { throw XMLError(offset: 0, "the document is larger than 2 GiB") }
        do {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw XMLError(offset: error.byteOffsets.lowerBound, "the text is not UTF-8")
        }
        let nodes = try bytes.withUnsafeBufferPointer { input throws(XMLError) in
            var parser = XMLParser(input)
            return try parser.parseDocument()
        }
        return XMLElement(tree: XMLTree(bytes: bytes, nodes: nodes), index: 0)
    }
}

/// Where a document is wrong.
package struct XMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The place in bytes from the start.
    package let offset: Int
    /// What is wrong, without any text of the document.
    package let message: String

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - offset: The place in bytes from the start.
    ///   - message: What is wrong.
    package init(offset: Int, _ message: String) {
        self.offset = offset
        self.message = message
    }

    /// The fault and its place in one line.
    package var description: String { "\(message) (at byte \(offset))" }
}
