#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Where a service listens, and the path in front of all of its own paths.
package struct EndpointAddress: Hashable, Sendable, CustomStringConvertible {
    /// Whether the connection is encrypted.
    package let isSecure: Bool
    /// A name or an address; an IPv6 address stands without its brackets.
    package let host: String
    /// The port, given or implied.
    package let port: Int
    /// The path in its percent-encoding, without a slash at the end; empty for none.
    package let path: String

    /// Makes an address.
    ///
    /// - Parameters:
    ///   - isSecure: Whether the connection is encrypted.
    ///   - host: A name or an address; an IPv6 address without its brackets.
    ///   - port: The port; nil is 443 or 80.
    ///   - path: The path in its percent-encoding, without a slash at the end.
    package init(isSecure: Bool = true, host: String, port: Int? = nil, path: String = "") {
        self.isSecure = isSecure
        self.host = host
        self.port = port ?? (isSecure ? 443 : 80)
        self.path = path
    }

    /// The address as it is written: the port only when it is not the scheme's own.
    package var description: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        let suffix = port == (isSecure ? 443 : 80) ? "" : ":\(port)"
        return "\(isSecure ? "https" : "http")://\(name)\(suffix)\(path)"
    }

    /// Whether the host is a number, in front of which no bucket's name can stand.
    var isIPAddress: Bool {
        var address = in6_addr()
        return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
    }

    /// Whether names below the host can be expected to resolve: not for numbers, and not for `localhost` or the name of
    /// another container, which have no dot.
    var hasSubdomains: Bool {
        host.utf8.contains(UInt8(ascii: ".")) && !isIPAddress
    }

    /// The address of a host below this one.
    ///
    /// - Parameter label: What stands in front of the host.
    /// - Returns: An address with the same scheme, port and path.
    func below(_ label: String) -> EndpointAddress {
        EndpointAddress(isSecure: isSecure, host: "\(label).\(host)", port: port, path: path)
    }
}
