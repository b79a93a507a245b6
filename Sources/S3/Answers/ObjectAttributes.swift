package import AWSRequests
package import Checksums
package import RunnerHTTP

/// What GetObjectAttributes tells of an object: above all how its parts were cut, and their checksums.
package struct ObjectAttributes: Sendable {
    /// The entity tag; here S3 gives it without quotes.
    package let entityTag: String?
    /// The object's size, when it was asked for.
    package let sizeBytes: Int64?
    /// The object's checksum, when it was asked for and there is one.
    package let checksum: ObjectChecksum?
    /// How many parts the object was uploaded in; nil for an object stored at once.
    package let partCount: Int?
    /// The parts; S3 lists them only for objects with checksums.
    package let parts: [ObjectPart]
    /// `x-amz-part-number-marker` of the next page of parts; nil when there is none.
    package let nextMarker: Int?

    /// Reads an answer.
    ///
    /// - Parameter response: The answer.
    /// - Throws: The error inside; that the document is cut short or not readable.
    package init(_ response: HTTPResponse) throws(ServiceError) {
        let answer = try AnswerReader(response, "GetObjectAttributesResponse", or: "GetObjectAttributesOutput")
        let root = answer.root
        entityTag = root.text("ETag")
        sizeBytes = root.child("ObjectSize") == nil ? nil : try answer.number("ObjectSize", in: root)
        if let list = root.child("ObjectParts") {
            // The name in the documents is TotalPartsCount, in S3's answers PartsCount.
            partCount = (list.text("PartsCount") ?? list.text("TotalPartsCount")).flatMap { Int($0) }
            (parts, nextMarker) = list.child("IsTruncated") == nil ? ([], nil) : try answer.parts(in: list)
        } else {
            (partCount, parts, nextMarker) = (nil, [], nil)
        }
        checksum = root.child("Checksum").flatMap { [partCount] in Self.checksum($0, answer, partCount: partCount) }
    }

    /// Here, unlike in headers, the checksum of parts' checksums comes without `-N` and says COMPOSITE beside it.
    private static func checksum(_ element: XMLElement, _ answer: AnswerReader, partCount: Int?) -> ObjectChecksum? {
        guard let checksum = answer.checksum(in: element) else { return nil }
        guard element.text("ChecksumType") == "COMPOSITE", checksum.partCount == nil else { return checksum }
        return partCount.map { ObjectChecksum(checksum.value, partCount: $0) }
    }
}
