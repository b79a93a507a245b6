package import AWSRequests
package import ObjectStorage
package import RunnerHTTP

/// What S3 answers to DeleteObjects in quiet mode: only what it could not remove.
package struct DeletedObjects: Sendable {
    /// An object that is still there.
    package struct Failure: Hashable, Sendable {
        /// Its key.
        package let key: ObjectKey
        /// S3's word for why, such as `AccessDenied`.
        package let code: String
        /// What S3 says beside it.
        package let message: String
    }

    /// The objects that are still there.
    package let failures: [Failure]

    /// Reads an answer.
    ///
    /// - Parameter response: The answer; a status of 200 does not mean that anything was removed.
    /// - Throws: The error of the whole request; that the document is cut short or not readable.
    package init(_ response: HTTPResponse) throws(ServiceError) {
        let answer = try AnswerReader(response, "DeleteResult")
        var failures: [Failure] = []
        for element in answer.root.children("Error") {
            failures.append(
                Failure(
                    key: try answer.key("Key", in: element),
                    code: try answer.text("Code", in: element),
                    message: element.text("Message") ?? ""
                )
            )
        }
        self.failures = failures
    }
}
