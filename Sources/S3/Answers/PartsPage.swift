package import AWSRequests
package import Checksums
package import RunnerHTTP

/// A part of an object, as ListParts and GetObjectAttributes tell it.
package struct ObjectPart: Hashable, Sendable {
    /// Its number, from 1.
    package let number: Int
    /// Its size.
    package let sizeBytes: Int64
    /// Its entity tag; nil in GetObjectAttributes, which has none.
    package let entityTag: String?
    /// Its checksum, where it was stored with one.
    package let checksum: ChecksumValue?

    /// Reads `<Part>`.
    ///
    /// - Parameters:
    ///   - element: The element.
    ///   - answer: Whose it is.
    /// - Throws: That it lacks a number or a size.
    init(_ element: XMLElement, _ answer: AnswerReader) throws(ServiceError) {
        number = Int(try answer.number("PartNumber", in: element))
        sizeBytes = try answer.number("Size", in: element)
        entityTag = element.text("ETag")
        checksum = answer.checksum(in: element)?.value
    }
}

/// One page of ListParts.
package struct PartsPage: Sendable {
    /// The parts by their numbers.
    package let parts: [ObjectPart]
    /// `part-number-marker` of the next page; nil on the last one.
    package let nextMarker: Int?

    /// Reads an answer.
    ///
    /// - Parameter response: The answer.
    /// - Throws: The error inside; that the page is cut short or lacks what a page has.
    package init(_ response: HTTPResponse) throws(ServiceError) {
        let answer = try AnswerReader(response, "ListPartsResult")
        (parts, nextMarker) = try answer.parts(in: answer.root)
    }
}

extension AnswerReader {
    /// The parts in an element, and where the next page of them begins.
    ///
    /// - Parameter element: The element with `<Part>`s, `<IsTruncated>` and `<NextPartNumberMarker>`.
    /// - Returns: The parts, and nil for the last page.
    /// - Throws: What is wrong with them.
    func parts(in element: XMLElement) throws(ServiceError) -> (parts: [ObjectPart], nextMarker: Int?) {
        var parts: [ObjectPart] = []
        for part in element.children("Part") { parts.append(try ObjectPart(part, self)) }
        guard try isTruncated(element) else { return (parts, nil) }
        return (parts, Int(try number("NextPartNumberMarker", in: element)))
    }
}
