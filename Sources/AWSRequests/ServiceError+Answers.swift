import RunnerCore
package import RunnerHTTP

/// Errors in answers whose status says success.
extension ServiceError {
    /// The code of an answer that should have had a document and has none that can be read.
    package static let unreadableAnswer = "UnreadableAnswer"

    /// Makes the error of an answer that is not what it should be: cut short, empty, or another document.
    ///
    /// - Parameters:
    ///   - head: Status and headers of the answer.
    ///   - reason: What is wrong with the body, as the rest of a sentence, without any text of it.
    /// - Returns: An error with the code `unreadableAnswer`.
    package static func unreadable(_ head: HTTPResponseHead, _ reason: String) -> ServiceError {
        ServiceError(head: head, details: ErrorDetails(code: unreadableAnswer, message: reason))
    }

    /// The outermost element of an answer's document.
    ///
    /// S3 answers 200 to CompleteMultipartUpload, CopyObject and DeleteObjects before it knows how they end, and sends
    /// blanks to keep the connection; an error then comes in the body.
    ///
    /// - Parameters:
    ///   - response: An answer with a status of success.
    ///   - names: What the element may be called.
    /// - Returns: The element.
    /// - Throws: The error in the body, or that the body is empty or not readable.
    package static func root(of response: HTTPResponse, named names: StaticString...) throws(ServiceError) -> XMLElement
    {
        let root = try successfulRoot(of: response)
        guard names.contains(where: { root.isNamed($0) }) else {
            throw unreadable(response.head, "the document is <\(root.name.escaped(limit: 40))>")
        }
        return root
    }

    /// The error in the body of an answer whose status says success, as CompleteMultipartUpload and CopyObject have it.
    ///
    /// - Parameter response: An answer with a document; never one with an object, which may be XML of any kind.
    /// - Returns: nil when the body is a readable document and no error.
    package static func embedded(in response: HTTPResponse) -> ServiceError? {
        do throws(ServiceError) {
            _ = try successfulRoot(of: response)
            return nil
        } catch {
            return error
        }
    }

    private static func successfulRoot(of response: HTTPResponse) throws(ServiceError) -> XMLElement {
        guard !ErrorDetails.isBlank(response.body) else { throw unreadable(response.head, "the body is empty") }
        let root: XMLElement
        do throws(XMLError) {
            root = try XMLReader.read(response.body)
        } catch {
            throw unreadable(response.head, error.description)
        }
        if root.isNamed("Error") || root.isNamed("ErrorResponse") {
            throw ServiceError(head: response.head, details: ErrorDetails(xml: root))
        }
        return root
    }
}
