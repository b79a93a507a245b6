/// A JSON object whose members keep their order.
///
/// Names are unique and compared as bytes. Looking up a name walks the members: the objects of a job have tens of
/// them, and a walk keeps the order without a second table.
package struct JSONObject: Hashable, Sendable {
    /// One name and its value.
    package struct Member: Sendable {
        /// The member's name, with its escapes resolved.
        package let name: String
        /// The member's value.
        package fileprivate(set) var value: JSONValue
    }

    /// The members in order.
    package private(set) var members: [Member] = []

    /// Makes an empty object.
    package init() {}

    /// Makes an object of pairs; of a repeated name the last value wins and keeps the first one's place, as in Python.
    ///
    /// - Parameter pairs: Names and values in order.
    package init(_ pairs: some Sequence<(String, JSONValue)>) {
        for (name, value) in pairs {
            self[name] = value
        }
    }

    /// Makes an object of members whose names the parser found to be unique.
    init(unique members: [Member]) {
        self.members = members
    }

    /// Whether the object has no members.
    package var isEmpty: Bool { members.isEmpty }

    /// How many members the object has.
    package var count: Int { members.count }

    /// The names in order.
    package var names: [String] { members.map(\.name) }

    /// The value of a member, nil when there is none; setting nil removes the member, setting a value replaces it
    /// in its place or appends it.
    package subscript(name: String) -> JSONValue? {
        get {
            index(of: name).map { members[$0].value }
        }
        set {
            switch (index(of: name), newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(name: name, value: value))
            case (nil, nil): ()
            }
        }
    }

    private func index(of name: String) -> Int? {
        members.firstIndex { $0.name.hasSameBytes(as: name) }
    }
}

extension JSONObject.Member: Hashable {
    /// Whether name and value are equal, the name by its bytes.
    package static func == (left: Self, right: Self) -> Bool {
        left.name.hasSameBytes(as: right.name) && left.value == right.value
    }

    /// Feeds name and value to a hasher.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(value)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Makes an object in the order of the literal.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements)
    }
}
