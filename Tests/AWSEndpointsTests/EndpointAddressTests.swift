import AWSEndpoints
import Testing

@Suite struct EndpointAddressTests {
    @Test(arguments: [
        ("http://127.0.0.1:8333/base/", EndpointAddress(isSecure: false, host: "127.0.0.1", port: 8333, path: "/base")),
        ("https://store.example.com", EndpointAddress(host: "store.example.com", port: 443)),
        ("HTTPS://Store.Example.com:443//", EndpointAddress(host: "store.example.com", port: 443)),
        ("http://[::1]:9000", EndpointAddress(isSecure: false, host: "::1", port: 9000)),
        ("http://[2001:db8::1]/", EndpointAddress(isSecure: false, host: "2001:db8::1", port: 80)),
        ("http://minio:9000/a%20b", EndpointAddress(isSecure: false, host: "minio", port: 9000, path: "/a%20b")),
        ("http://a_b/c//d//", EndpointAddress(isSecure: false, host: "a_b", port: 80, path: "/c//d")),
    ])
    func parses(text: String, expected: EndpointAddress) throws {
        #expect(try EndpointAddress.parse(text) == expected)
    }

    @Test(arguments: [
        ("http://127.0.0.1:8333/base/", "http://127.0.0.1:8333/base"), ("https://h.example:443/", "https://h.example"),
        ("http://h:443", "http://h:443"), ("https://[::1]:8333", "https://[::1]:8333"),
        ("http://[::1]", "http://[::1]"),
    ])
    func describes(text: String, expected: String) throws {
        #expect(try EndpointAddress.parse(text).description == expected)
    }

    @Test(arguments: [
        ("minio:9000", "must begin with http"), ("", "must begin with http"), ("ftp://host", "must begin with http"),
        ("http:/host", "must begin with http"), ("http://", "has no host"), ("https:///path", "has no host"),
        ("http://host:", "has no host"), ("http://host:0", "has no host"), ("http://host:65536", "has no host"),
        ("http://host:+80", "has no host"), ("http://host:8a", "has no host"), ("http://a b", "has no host"),
        ("http://bücket.example", "has no host"), ("http://::1/", "has no host"), ("http://[::g]", "has no host"),
        ("http://[fe80::1%25eth0]", "has no host"), ("http://host\nX-Evil: 1", "has no host"),
        ("http://host/?a=b", "has a query"), ("http://host/#a", "has a query"), ("http://host?", "has a query"),
        ("http://host/a b", "percent-encoded"), ("http://host/a\r\nX: y", "percent-encoded"),
        ("http://host/ü", "percent-encoded"),
    ])
    func refuses(text: String, words: String) throws {
        let error = try #require(throws: EndpointError.self) { try EndpointAddress.parse(text) }
        #expect(error.code == .invalid)
        #expect(error.description.contains(words), "\(error)")
        #expect(!error.description.utf8.contains { $0 < 0x20 })
    }

    @Test(arguments: [
        "https://AKID:HUSH@host/", "https://HUSH@host/", "http://user:HUSH@host:80a/", "user:HUSH@host",
        "https://user:SE/HUSH@host/", "https://user:SE?HUSH@host/", "https://user:SE#HUSH@host/",
        "https://host/path?X-Amz-Signature=HUSH", "https://host?token=HUSH", "https://user:HUSH@host/ü",
    ])
    func showsNoSecret(text: String) throws {
        let error = try #require(throws: EndpointError.self) { try EndpointAddress.parse(text) }
        #expect(!error.description.contains("HUSH"), "\(error)")
    }
}
