import RunnerCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

extension EndpointAddress {
    /// Reads the address that somebody set, such as `http://127.0.0.1:8333/base/`.
    ///
    /// - Parameter text: The value of `AWS_ENDPOINT_URL` or its like.
    /// - Returns: The address.
    /// - Throws: `EndpointError` with code `.invalid`; it shows neither a user and password nor a query.
    package static func parse(_ text: String) throws(EndpointError) -> EndpointAddress {
        // Not shown at all when it has an `@` where no scheme tells what is in front of it.
        let shown = text.contains("@") ? "" : " \"\(text.withoutCredentials().escaped())\""
        guard let (isSecure, rest) = splitScheme(text) else {
            throw EndpointError(.invalid, "the endpoint\(shown) must begin with http:// or https://")
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !rest.contains("?"), !rest.contains("#") else {
            throw EndpointError(
                .invalid,
                "the endpoint\(shown) has a query, which an endpoint cannot have: end it before"
            )
        }
        guard !authority.contains("@") else {
            throw EndpointError(
                .invalid,
                "the endpoint holds a user name or a password in front of its host; take them out and give the keys as "
                    + "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or in a profile"
            )
        }
        guard let (host, port) = splitPort(authority) else {
            throw EndpointError(
                .invalid,
                "the endpoint\(shown) has no host that a request can go to: write it as https://host:port, an IPv6 "
                    + "address in brackets"
            )
        }
        var path = rest.dropFirst(authority.count)
        guard path.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw EndpointError(
                .invalid,
                "the path of the endpoint\(shown) must be percent-encoded: a space is written %20"
            )
        }
        while path.last == "/" { path.removeLast() }
        return EndpointAddress(isSecure: isSecure, host: host, port: port, path: String(path))
    }

    private static func splitScheme(_ text: String) -> (isSecure: Bool, rest: Substring)? {
        for (scheme, isSecure) in [("https://", true), ("http://", false)]
        where text.prefix(scheme.count).lowercased() == scheme {
            return (isSecure, text.dropFirst(scheme.count))
        }
        return nil
    }

    private static func splitPort(_ authority: Substring) -> (host: String, port: Int?)? {
        var host = authority
        var port: Int?
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            let digits = authority[authority.index(after: colon)...]
            guard let number = UInt16(digits), number > 0, digits.utf8.first != UInt8(ascii: "+") else { return nil }
            port = Int(number)
            host = authority[..<colon]
        }
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
            var address = in6_addr()
            return inet_pton(AF_INET6, String(host), &address) == 1 ? (String(host), port) : nil
        }
        return !host.isEmpty && host.utf8.allSatisfy(isOfName) ? (host.lowercased(), port) : nil
    }

    /// Letters, digits and `-._`: names inside a company or a container network break the rules of DNS.
    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
