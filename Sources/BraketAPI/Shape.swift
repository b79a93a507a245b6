/// What a JSON value must look like: the vocabulary of `Constraints`.
package indirect enum Shape: Sendable {
    /// An object with these members and no others.
    case structure([Member])
    /// A list of at most so many elements.
    case list(Shape, maxCount: Int)
    /// An object whose names are data, at most so many of them.
    case map(key: StringRule, value: StringRule, maxCount: Int?)
    /// A string.
    case string(StringRule)
    /// An integer.
    case integer(ClosedRange<Int64>)

    /// A member of a structure.
    package struct Member: Sendable {
        /// The member's name.
        package let name: String
        /// The uses that cannot do without it.
        package let required: Set<JobRequest.Use>
        /// What its value must look like.
        package let shape: Shape
        /// Whether the service does not know it: braket-runner's own, refused when the request is for the service.
        package var isExtension = false
    }
}

/// What a string must look like; lengths count code points, as botocore's do.
package struct StringRule: Sendable {
    /// The fewest code points.
    package var minLength = 0
    /// The most code points.
    package var maxLength: Int?
    /// The pattern of the whole string.
    package var pattern: Pattern?
    /// The only strings allowed, when not empty.
    package var values: [String] = []
    /// Whether the value may be a secret and is never shown.
    package var isSecret = false
    /// Whether this names where files are, which a flag may also give as a local path.
    package var isLocation = false
}

extension Shape {
    /// A string of this length.
    static func string(_ length: ClosedRange<Int>, _ pattern: Pattern? = nil) -> Shape {
        .string(StringRule(minLength: length.lowerBound, maxLength: length.upperBound, pattern: pattern))
    }

    /// One of these strings.
    static func oneOf(_ values: String...) -> Shape {
        .string(StringRule(values: values))
    }
}

extension Shape.Member {
    /// A member that every use of a request needs.
    static func required(_ name: String, _ shape: Shape) -> Self {
        Self(name: name, required: [.localRun, .service], shape: shape)
    }

    /// A member that only the service needs.
    static func service(_ name: String, _ shape: Shape) -> Self {
        Self(name: name, required: [.service], shape: shape)
    }

    /// A member that may be absent.
    static func optional(_ name: String, _ shape: Shape) -> Self {
        Self(name: name, required: [], shape: shape)
    }

    /// A member that braket-runner adds to the service's.
    static func ours(_ name: String, _ shape: Shape) -> Self {
        Self(name: name, required: [], shape: shape, isExtension: true)
    }
}
