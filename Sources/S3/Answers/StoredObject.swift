package import AWSRequests
package import Checksums
package import RunnerHTTP

/// What S3 answers when an object has been put together or copied.
package struct StoredObject: Hashable, Sendable {
    /// The new object's entity tag, in its quotes.
    package let entityTag: String
    /// The new object's checksum, where it has one.
    package let checksum: ObjectChecksum?

    /// Reads the answer to CompleteMultipartUpload.
    ///
    /// - Parameter response: The answer; a status of 200 does not mean that it succeeded.
    /// - Throws: The error inside; that the document is cut short or not readable.
    package init(completed response: HTTPResponse) throws(ServiceError) {
        try self.init(AnswerReader(response, "CompleteMultipartUploadResult"))
    }

    /// Reads the answer to CopyObject.
    ///
    /// - Parameter response: The answer; a status of 200 does not mean that it succeeded.
    /// - Throws: The error inside; that the document is cut short or not readable.
    package init(copied response: HTTPResponse) throws(ServiceError) {
        try self.init(AnswerReader(response, "CopyObjectResult"))
    }

    /// Reads the answer to UploadPartCopy.
    ///
    /// - Parameter response: The answer; a status of 200 does not mean that it succeeded.
    /// - Throws: The error inside; that the document is cut short or not readable.
    package init(copiedPart response: HTTPResponse) throws(ServiceError) {
        try self.init(AnswerReader(response, "CopyPartResult", or: "CopyObjectResult"))
    }

    /// Makes what an answer to HEAD tells of an object that was put together by a request whose answer was lost.
    ///
    /// - Parameters:
    ///   - entityTag: The object's entity tag.
    ///   - checksum: Its checksum.
    init(entityTag: String, checksum: ObjectChecksum?) {
        self.entityTag = entityTag
        self.checksum = checksum
    }

    private init(_ answer: AnswerReader) throws(ServiceError) {
        entityTag = try answer.text("ETag", in: answer.root)
        checksum = answer.checksum(in: answer.root)
    }
}

/// What S3 answers to CreateMultipartUpload.
package struct CreatedUpload: Hashable, Sendable {
    /// The upload's name.
    package let uploadID: String

    /// Reads an answer.
    ///
    /// - Parameter response: The answer.
    /// - Throws: The error inside; that the document is cut short or names no upload.
    package init(_ response: HTTPResponse) throws(ServiceError) {
        let answer = try AnswerReader(response, "InitiateMultipartUploadResult")
        uploadID = try answer.text("UploadId", in: answer.root)
        guard !uploadID.isEmpty else { throw answer.unreadable("<UploadId> is empty") }
    }
}
