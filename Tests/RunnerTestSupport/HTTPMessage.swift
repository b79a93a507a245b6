import RunnerCore

/// The head of a request or an answer, with its bytes.
struct MessageHead {
    /// Everything up to and with the empty line.
    let bytes: [UInt8]
    /// The words of the first line, three at most.
    let firstLine: [String]
    let headers: [(name: String, value: String)]

    init(bytes: [UInt8]) {
        self.bytes = bytes
        // Split as bytes: Swift takes CR LF for one character.
        var lines = bytes.split(separator: UInt8(ascii: "\n")).map { line in
            String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
        }
        firstLine = lines.isEmpty ? [] : lines.removeFirst().split(separator: " ", maxSplits: 2).map(String.init)
        headers = lines.filter { !$0.isEmpty }.map { line in
            (String(line.prefix { $0 != ":" }), String(line.drop { $0 != ":" }.dropFirst()).trimmed())
        }
    }

    func header(_ name: String) -> String? { firstValue(of: name, in: headers) }

    /// The status of an answer.
    var status: Int { firstLine.count > 1 ? Int(firstLine[1]) ?? 0 : 0 }

    /// Whether a request waits for `100 Continue` before it sends its body.
    var expectsContinue: Bool { header("expect")?.lowercased() == "100-continue" }

    /// The framing of a request's body.
    var requestFraming: BodyFraming {
        if header("transfer-encoding") != nil { return .chunked }
        return .length(header("content-length").flatMap { Int($0) } ?? 0)
    }

    /// The framing of an answer's body.
    func answerFraming(toMethod method: String) -> BodyFraming {
        if method == "HEAD" || status == 204 || status == 304 || status < 200 { return .length(0) }
        if header("transfer-encoding") != nil { return .chunked }
        return header("content-length").flatMap { Int($0) }.map { .length($0) } ?? .untilEnd
    }

    /// The same head with another Content-Length.
    func withContentLength(_ length: Int) -> [UInt8] {
        var text = firstLine.joined(separator: " ") + "\r\n"
        for (name, value) in headers {
            text += "\(name): \(name.lowercased() == "content-length" ? String(length) : value)\r\n"
        }
        return Array((text + "\r\n").utf8)
    }
}

/// How the end of a body is found.
enum BodyFraming {
    case length(Int)
    case chunked
    case untilEnd
}

/// Follows a body through its bytes on the wire until it is complete (RFC 9112 §6, §7.1).
struct BodyCursor {
    private enum Chunk {
        /// In the line with the size; what of it was read.
        case size(Int, isExtension: Bool)
        /// In the data and the line end after it.
        case data(Int)
        /// After the last chunk; how many bytes the current line has.
        case trailer(Int)
    }

    private var remaining = 0
    private var chunk: Chunk?
    private(set) var isComplete = false

    init(_ framing: BodyFraming) {
        switch framing {
        case .length(let length):
            remaining = length
            isComplete = length == 0
        case .chunked: chunk = .size(0, isExtension: false)
        case .untilEnd: remaining = .max
        }
    }

    /// How many of these bytes belong to the body.
    mutating func take(_ bytes: ArraySlice<UInt8>) -> Int {
        guard chunk != nil else {
            let count = min(remaining, bytes.count)
            remaining -= count
            isComplete = remaining == 0
            return count
        }
        var at = bytes.startIndex
        while at < bytes.endIndex && !isComplete { step(bytes, &at) }
        return at - bytes.startIndex
    }

    private mutating func step(_ bytes: ArraySlice<UInt8>, _ at: inout Int) {
        let byte = bytes[at]
        switch chunk {
        case .size(let size, _) where byte == UInt8(ascii: "\n"):
            chunk = size == 0 ? .trailer(0) : .data(size + 2)
            at += 1
        case .size(let size, let isExtension):
            let digit = isExtension ? nil : Character(Unicode.Scalar(byte)).hexDigitValue
            let isOver = digit == nil && byte != UInt8(ascii: "\r")
            chunk = .size(digit.map { size * 16 + $0 } ?? size, isExtension: isExtension || isOver)
            at += 1
        case .data(let rest):
            let count = min(rest, bytes.endIndex - at)
            chunk = rest == count ? .size(0, isExtension: false) : .data(rest - count)
            at += count
        case .trailer(let length):
            isComplete = byte == UInt8(ascii: "\n") && length == 0
            chunk = .trailer(byte == UInt8(ascii: "\n") ? 0 : byte == UInt8(ascii: "\r") ? length : length + 1)
            at += 1
        case nil: at += 1
        }
    }
}

/// Reads heads and bodies from one side of a connection.
final class MessageReader {
    private static let headLimit = 256 * 1024

    let socket: LoopbackSocket
    private var pending: [UInt8] = []

    init(_ socket: LoopbackSocket) {
        self.socket = socket
    }

    /// The next head; nil at the end of the connection.
    func head() -> MessageHead? {
        while true {
            if let end = endOfHead() {
                defer { pending.removeFirst(end) }
                return MessageHead(bytes: Array(pending[..<end]))
            }
            guard pending.count < Self.headLimit, let bytes = socket.receive() else { return nil }
            pending += bytes
        }
    }

    /// Hands on a body piece by piece.
    ///
    /// - Parameters:
    ///   - framing: Where it ends.
    ///   - pieceLimit: How long a piece may be.
    ///   - handle: Gets each piece; false stops.
    /// - Returns: Whether the body was complete and `handle` never said false.
    func body(_ framing: BodyFraming, pieceLimit: Int = 65_536, _ handle: ([UInt8]) -> Bool) -> Bool {
        var cursor = BodyCursor(framing)
        while !cursor.isComplete {
            if pending.isEmpty {
                guard let bytes = socket.receive(pieceLimit) else {
                    if case .untilEnd = framing { return true }
                    return false
                }
                pending = bytes
            }
            let count = cursor.take(pending.prefix(pieceLimit))
            let piece = Array(pending[..<count])
            pending.removeFirst(count)
            if !piece.isEmpty && !handle(piece) { return false }
        }
        return true
    }

    /// Whether bytes or the end have come.
    var hasMore: Bool { !pending.isEmpty || socket.isReadable }

    private func endOfHead() -> Int? {
        var at = 0
        while let newline = pending[at...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = pending[at..<newline]
            if newline > 0 && (line.isEmpty || line.elementsEqual([UInt8(ascii: "\r")])) { return newline + 1 }
            at = newline + 1
        }
        return nil
    }
}
