package import AWSRequests
package import ObjectStorage
package import RunnerCore
package import RunnerHTTP

/// One page of ListMultipartUploads.
package struct UploadsPage: Sendable {
    /// An upload that was begun and neither completed nor aborted.
    package struct Upload: Hashable, Sendable {
        /// The key that the object is to get.
        package let key: ObjectKey
        /// The upload's name.
        package let uploadID: String
        /// When it was begun.
        package let initiated: Timestamp
    }

    /// Where the next page begins.
    package struct Marker: Hashable, Sendable {
        /// `key-marker`.
        package let key: ObjectKey
        /// `upload-id-marker`.
        package let uploadID: String
    }

    /// The uploads, by key and then by time.
    package let uploads: [Upload]
    /// Where the next page begins; nil on the last one.
    package let next: Marker?

    /// Reads an answer.
    ///
    /// - Parameter response: The answer.
    /// - Throws: The error inside; that the page is cut short or lacks what a page has.
    package init(_ response: HTTPResponse) throws(ServiceError) {
        let answer = try AnswerReader(response, "ListMultipartUploadsResult")
        var uploads: [Upload] = []
        for element in answer.root.children("Upload") {
            uploads.append(
                Upload(
                    key: try answer.key("Key", in: element),
                    uploadID: try answer.text("UploadId", in: element),
                    initiated: try answer.moment("Initiated", in: element)
                )
            )
        }
        self.uploads = uploads
        guard try answer.isTruncated(answer.root) else {
            next = nil
            return
        }
        next = Marker(
            key: try answer.key("NextKeyMarker", in: answer.root),
            uploadID: try answer.text("NextUploadIdMarker", in: answer.root)
        )
    }
}
