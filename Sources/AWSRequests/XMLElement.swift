/// What a document was read into: its bytes, and its elements in the order of their start tags.
final class XMLTree: Sendable {
    /// One element, by places in the bytes.
    struct Node: Sendable {
        /// Where its name begins, the prefix included.
        let tagStart: Int32
        /// Where its name begins without the prefix.
        let nameStart: Int32
        /// Where its name ends.
        let nameEnd: Int32
        /// Where its content begins.
        let contentStart: Int32
        /// Where its content ends.
        var contentEnd: Int32
        /// The index of the first node behind this element and all that is in it.
        var next: Int32
        /// Whether the content is text and nothing that stands for something else.
        var isPlain = true
    }

    /// The document.
    let bytes: [UInt8]
    /// Its elements.
    let nodes: [Node]

    /// Makes a tree of what a parser found.
    init(bytes: [UInt8], nodes: [Node]) {
        self.bytes = bytes
        self.nodes = nodes
    }
}

/// One element of a document.
package struct XMLElement: Sendable {
    private let tree: XMLTree
    private let index: Int

    /// Makes the element with an index in its tree.
    init(tree: XMLTree, index: Int) {
        self.tree = tree
        self.index = index
    }

    private var node: XMLTree.Node { tree.nodes[index] }

    /// The name without its prefix.
    package var name: String {
        String(decoding: tree.bytes[Int(node.nameStart)..<Int(node.nameEnd)], as: UTF8.self)
    }

    /// Tells whether the element has a name, without a prefix.
    ///
    /// - Parameter name: The name, in its case.
    /// - Returns: true when the names are the same bytes.
    package func isNamed(_ name: StaticString) -> Bool {
        let start = Int(node.nameStart)
        let length = Int(node.nameEnd) - start
        guard length == name.utf8CodeUnitCount else { return false }
        return tree.bytes.withUnsafeBufferPointer { bytes in
            name.withUTF8Buffer { name in (0..<length).allSatisfy { bytes[start + $0] == name[$0] } }
        }
    }

    /// The elements directly inside, in their order.
    package var children: XMLChildren {
        XMLChildren(tree: tree, index: index + 1, end: Int(node.next))
    }

    /// The elements directly inside that have a name.
    ///
    /// - Parameter name: The name, in its case.
    /// - Returns: The elements in their order.
    package func children(_ name: StaticString) -> [XMLElement] {
        children.filter { $0.isNamed(name) }
    }

    /// The first element directly inside that has a name.
    ///
    /// - Parameter name: The name, in its case.
    /// - Returns: nil when there is none.
    package func child(_ name: StaticString) -> XMLElement? {
        children.first { $0.isNamed(name) }
    }

    /// The text, with entities resolved and every blank kept; empty for an element that has others inside.
    package var bytes: [UInt8] {
        guard index + 1 == Int(node.next) else { return [] }
        let content = tree.bytes[Int(node.contentStart)..<Int(node.contentEnd)]
        return node.isPlain ? Array(content) : XMLEntities.resolved(content)
    }

    /// `bytes` as text.
    package var text: String {
        guard index + 1 == Int(node.next), node.isPlain else { return String(decoding: bytes, as: UTF8.self) }
        return String(decoding: tree.bytes[Int(node.contentStart)..<Int(node.contentEnd)], as: UTF8.self)
    }

    /// The text of the first element directly inside that has a name.
    ///
    /// - Parameter name: The name, in its case.
    /// - Returns: nil when there is none.
    package func text(_ name: StaticString) -> String? { child(name)?.text }
}

/// The elements directly inside another one.
package struct XMLChildren: Sequence, IteratorProtocol, Sendable {
    private let tree: XMLTree
    private var index: Int
    private let end: Int

    /// Makes the elements from an index on.
    init(tree: XMLTree, index: Int, end: Int) {
        self.tree = tree
        self.index = index
        self.end = end
    }

    package mutating func next() -> XMLElement? {
        guard index < end else { return nil }
        defer { index = Int(tree.nodes[index].next) }
        return XMLElement(tree: tree, index: index)
    }
}
