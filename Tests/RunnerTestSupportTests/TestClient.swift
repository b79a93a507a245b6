@testable import RunnerTestSupport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// A client that sees every byte and how a connection ended.
struct TestClient {
    /// How a connection ended.
    enum End: Equatable {
        case finish
        case reset
        case stillOpen
    }

    let socket: LoopbackSocket

    init(_ endpoint: String) throws {
        socket = try LoopbackSocket(port: UInt16(endpoint.split(separator: ":").last ?? "") ?? 0)
    }

    func send(_ text: String, _ body: [UInt8] = []) {
        _ = socket.send(Array(text.utf8) + body)
    }

    /// Receives until the end, or until there are `count` bytes.
    func receive(_ count: Int = .max) -> (bytes: [UInt8], end: End) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < count {
            let limit = min(buffer.count, count - bytes.count)
            let received = recv(socket.descriptor, &buffer, limit, 0)
            if received == 0 { return (bytes, .finish) }
            if received < 0 { return (bytes, .reset) }
            bytes += buffer[..<received]
        }
        return (bytes, .stillOpen)
    }

    /// Receives one answer with a Content-Length; its head and its body.
    func answer() -> (head: String, body: [UInt8]) {
        let reader = MessageReader(socket)
        guard let head = reader.head() else { return ("", []) }
        var body: [UInt8] = []
        _ = reader.body(head.answerFraming(toMethod: "GET")) { piece in
            body += piece
            return true
        }
        return (String(decoding: head.bytes, as: UTF8.self), body)
    }
}

/// Bytes in which a shift, a gap or a repeated piece shows.
func pattern(_ count: Int) -> [UInt8] {
    // A prime length: no block size of anything is a multiple of it. Doubling, as a debug build is slow by element.
    var bytes = (0..<min(count, 65_521)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    while bytes.count < count { bytes += bytes.prefix(count - bytes.count) }
    return bytes
}

/// A GET without a body.
let get = "GET /bucket/key?x=1 HTTP/1.1\r\nHost: h\r\n\r\n"

/// The head of a PUT with a body of `count` bytes.
func put(_ count: Int) -> String { "PUT /bucket/key HTTP/1.1\r\nHost: h\r\nContent-Length: \(count)\r\n\r\n" }
