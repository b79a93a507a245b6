/// What a ``FaultProxy`` does with one request.
///
/// Bytes of a body are counted as they go over the wire, from 0.
package enum Fault: Sendable {
    /// Passes request and answer on unchanged.
    case pass
    /// Ends the connection when the request's head has come; the server sees nothing.
    ///
    /// For a request with `position > 1` this is the idle connection that closes just when it is used again.
    case hangUp(Ending)
    /// Passes n bytes of the request's body on, then ends both connections; the server has half a request.
    case cutUpload(after: Int, Ending)
    /// Passes n bytes of the request's body on, then reads no more until the proxy is released.
    case stallUpload(after: Int)
    /// Passes the request's body on in pieces of at most 64 KiB with a pause after each.
    case dripUpload(pause: Duration)
    /// Changes one byte of the request's body.
    case corruptUpload(at: Int)
    /// Passes the whole request on, then the answer's head and n bytes of its body, then ends the connection.
    ///
    /// With nil the server has done what it was asked, and the client gets no answer at all.
    case cutAnswer(after: Int?, Ending)
    /// Passes the answer's head and n bytes of its body on, then nothing until the proxy is released; nil: not even
    /// the head.
    case stallAnswer(after: Int?)
    /// Passes the answer's body on in small writes with a pause after each.
    case dripAnswer(bytes: Int, pause: Duration)
    /// Waits before the answer.
    case delayAnswer(Duration)
    /// Changes one byte of the answer's body.
    case corruptAnswer(at: Int)
    /// Adds a number to the answer's Content-Length, not to its body.
    ///
    /// Too long a length: the connection ends with FIN after the body. Too short: bytes follow that belong to nothing.
    case misstateLength(by: Int)
    /// Sends the answer twice.
    case repeatAnswer
    /// Answers by itself when the request's body has come; the server sees nothing.
    case answer(ScriptedAnswer)
    /// Answers by itself without reading the request's body, which ends the connection when there is one.
    case answerEarly(ScriptedAnswer)
}
