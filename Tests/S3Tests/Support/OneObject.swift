import Checksums
import RunnerCore
import RunnerTestSupport
import Synchronization

/// A store of one object, as a script of answers that a test may bend.
final class OneObject: Sendable {
    /// What is under every key.
    let bytes: [UInt8]
    private let tag: String
    private let served = Mutex<[Range<Int>]>([])
    /// Whether it knows ranges.
    let knowsRanges: Bool

    /// Makes a store.
    init(_ bytes: [UInt8], tag: String = "\"one\"", knowsRanges: Bool = true) {
        self.bytes = bytes
        self.tag = tag
        self.knowsRanges = knowsRanges
    }

    /// Which bytes went out, in the order of the answers.
    var ranges: [Range<Int>] { served.withLock { $0 } }

    /// Answers GET and HEAD.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - limit: After how many bytes of the body the connection ends.
    /// - Returns: The answer.
    func answer(_ request: RecordedRequest, cutAfter limit: Int? = nil) -> ScriptedAnswer {
        var headers = [
            ("ETag", tag), ("Last-Modified", "Sat, 21 Nov 2026 21:59:49 GMT"),
            ("Date", ScriptedAnswer.httpDate(.now())),
        ]
        if let expected = request.header("if-match"), expected != tag {
            return .error(412, "PreconditionFailed")
        }
        let asked = request.header("range").flatMap { knowsRanges ? Self.range($0, of: bytes.count) : nil }
        let range = asked ?? 0..<bytes.count
        if asked != nil {
            headers.append(("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(bytes.count)"))
        }
        let answer = ScriptedAnswer.http(asked == nil ? 200 : 206, headers: headers, body: Array(bytes[range]))
        guard request.method == "GET" else { return answer }
        served.withLock { $0.append(limit.map { range.prefix($0) } ?? range) }
        return limit.map { answer.ended(.finish, after: answer.head.count + $0) } ?? answer
    }

    private static func range(_ header: String, of size: Int) -> Range<Int>? {
        let ends = header.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
        guard let first = ends.first, first < size else { return nil }
        return first..<(ends.count > 1 ? min(ends[1] + 1, size) : size)
    }
}
