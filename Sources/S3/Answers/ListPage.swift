package import AWSRequests
package import ObjectStorage
package import RunnerHTTP

/// One page of ListObjectsV2.
package struct ListPage: Sendable {
    /// The objects in the order of their keys' bytes.
    package let objects: [ObjectSummary]
    /// What stands for the keys behind a delimiter.
    package let commonPrefixes: [ObjectKey]
    /// What to ask the next page with, as it is; nil on the last page.
    package let continuation: String?

    /// Reads an answer.
    ///
    /// - Parameter response: The answer, of a request with `encoding-type=url` or without.
    /// - Throws: The error inside; that the page is cut short or lacks what a page has.
    package init(_ response: HTTPResponse) throws(ServiceError) {
        let answer = try AnswerReader(response, "ListBucketResult")
        var objects: [ObjectSummary] = []
        var commonPrefixes: [ObjectKey] = []
        for element in answer.root.children {
            if element.isNamed("Contents") {
                objects.append(try Self.object(element, answer))
            } else if element.isNamed("CommonPrefixes") {
                commonPrefixes.append(try answer.key("Prefix", in: element))
            }
        }
        self.objects = objects
        self.commonPrefixes = commonPrefixes
        continuation =
            try answer.isTruncated(answer.root) ? try answer.text("NextContinuationToken", in: answer.root) : nil
    }

    private static func object(_ element: XMLElement, _ answer: AnswerReader) throws(ServiceError) -> ObjectSummary {
        ObjectSummary(
            key: try answer.key("Key", in: element),
            sizeBytes: try answer.number("Size", in: element),
            modified: try answer.moment("LastModified", in: element),
            entityTag: element.text("ETag")
        )
    }
}
