import AWSSigning
import Testing

@Suite struct AWSCredentialTests {
    private struct Holder {
        let credential: AWSCredential
    }

    static let texts: [(String, @Sendable (AWSCredential) -> String)] = [
        ("interpolation", { "\($0)" }),
        ("String(describing:)", { String(describing: $0) }),
        ("String(reflecting:)", { String(reflecting: $0) }),
        ("dump", { dumped($0) }),
        ("interpolation of a holder", { "\(Holder(credential: $0))" }),
        ("dump of a holder", { dumped(Holder(credential: $0)) }),
        ("dump of a list", { dumped([$0]) }),
        ("an optional", { "\(String(describing: Optional($0)))" }),
        ("a signer", { dumped(SigV4Signer(credential: $0, region: "r", service: "s", path: .once)) }),
    ]

    @Test(arguments: texts.map(\.0))
    func showsNoKey(way: String) throws {
        let show = try #require(Self.texts.first { $0.0 == way }?.1)
        let text = show(
            AWSCredential(accessKeyID: "AKIDNAME", secretAccessKey: "VERYSECRET", sessionToken: "TOKENTEXT")
        )
        #expect(text.contains("<redacted>"))
        for value in ["AKIDNAME", "VERYSECRET", "TOKENTEXT"] { #expect(!text.contains(value)) }
    }

    @Test func comparesAllParts() {
        let credential = AWSCredential(accessKeyID: "a", secretAccessKey: "b", sessionToken: "c")
        #expect(credential == AWSCredential(accessKeyID: "a", secretAccessKey: "b", sessionToken: "c"))
        #expect(credential != AWSCredential(accessKeyID: "a", secretAccessKey: "b"))
        #expect(credential != AWSCredential(accessKeyID: "a", secretAccessKey: "x", sessionToken: "c"))
    }
}

private func dumped(_ value: some Any) -> String {
    var text = ""
    dump(value, to: &text)
    return text
}
