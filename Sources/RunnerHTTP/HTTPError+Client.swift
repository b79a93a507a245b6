import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import RunnerCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

extension HTTPError {
    /// Says in our words what a request ended with.
    ///
    /// - Parameters:
    ///   - error: The client's error.
    ///   - address: What was asked, without its query.
    init(describing error: any Error, address: String) {
        let code = Self.code(of: error) ?? .connectionLost
        let what =
            switch code {
            case .cannotConnect: "cannot connect"
            case .untrusted: "the encrypted connection could not be made"
            case .connectionLost: "the connection ended before the answer was complete"
            case .stalled: "no byte moved for too long"
            case .tooSlow: "not answered in time"
            case .tooLarge: "the answer is too large"
            case .malformed: "the answer is no HTTP"
            case .closed: "the client was shut down"
            }
        // Names of errors and addresses only: nothing of a request's headers is in them.
        self.init(code, "\(address): \(what) (\(Self.reason(error)))")
    }

    private static func code(of error: any Error) -> Code? {
        switch error {
        case let error as HTTPClientError: code(ofClientError: error)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: .untrusted
        case is NIOConnectionError: .cannotConnect
        case let error as IOError: code(ofErrno: error.errnoCode)
        case let error as HTTPParserError: error == .invalidEOFState ? .connectionLost : .malformed
        case is NIOHTTPDecoderError: .malformed
        case is ChannelError: .connectionLost
        default: nil
        }
    }

    /// A name of its own: as an overload of `code(of:)` it would never be chosen where `Code?` is wanted.
    private static func code(ofClientError error: HTTPClientError) -> Code {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout: .cannotConnect
        case .tlsHandshakeTimeout: .untrusted
        case .readTimeout, .writeTimeout: .stalled
        case .deadlineExceeded: .tooSlow
        case .alreadyShutdown: .closed
        case .invalidURL, .emptyHost, .emptyScheme: .malformed
        default: .connectionLost
        }
    }

    /// A connection that is refused or has no route was never one; any other errno ended one.
    private static func code(ofErrno number: CInt) -> Code {
        [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL].contains(number) ? .cannotConnect : .connectionLost
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: error.shortDescription
        case let error as NIOConnectionError: connectionReason(error)
        case let error as IOError: String(cString: strerror(error.errnoCode))
        default: "\(error)".escaped()
        }
    }

    /// The first address's reason is enough: the others mostly have the same.
    private static func connectionReason(_ error: NIOConnectionError) -> String {
        if let first = error.connectionErrors.first {
            return (first.error as? IOError).map { String(cString: strerror($0.errnoCode)) }
                ?? "\(first.error)".escaped()
        }
        return "no address is known for the name \(error.host)"
    }
}
