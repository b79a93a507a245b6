import RunnerHTTP
import Testing

@Suite struct HTTPFieldsTests {
    @Test func namesCompareWithoutCase() {
        var fields: HTTPFields = ["ETag": "1", "X-Two": "a", "x-two": "b"]
        #expect(fields["etag"] == "1")
        #expect(fields["X-TWO"] == "a")
        fields["x-TWO"] = "c"
        #expect(fields.fields.map(\.value) == ["1", "c"])
        fields["ETAG"] = nil
        #expect(fields.fields.map(\.name) == ["x-TWO"])
    }

    @Test(
        arguments: [
            (HTTPOrigin(isSecure: true, host: "h"), "h", "https://h"),
            (HTTPOrigin(isSecure: false, host: "h", port: 80), "h", "http://h"),
            (HTTPOrigin(isSecure: true, host: "h", port: 80), "h:80", "https://h:80"),
            (HTTPOrigin(isSecure: false, host: "::1", port: 8333), "[::1]:8333", "http://[::1]:8333"),
        ])
    func hostHeader(origin: HTTPOrigin, header: String, address: String) {
        #expect(origin.hostHeader == header)
        #expect(origin.description == address)
    }
}
