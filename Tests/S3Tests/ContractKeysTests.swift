import ObjectStorage
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import S3

/// Keys are bytes: whatever they look like, each is another object and comes back as it was.
@Suite(.timeLimit(.minutes(15))) struct ContractKeysTests {
    static let keys = [
        "a b", "a+b", "a%20b", "a%", "100%25", "a&b=c;d", "what?", "#hash", "quote'\"", "<xml>&amp;", "*", "tilde~",
        "a:b@c", "$HOME", "{}[]^`|", "!(),", " leading", "trailing ", "-dash", "\u{e9}", "e\u{301}", "日本語/キー", "🐱",
        "tab\tx", "…", "a/ b /c", "%2F", "%2e%2e", "~/.aws", "x=1&y=2/z", "\u{1}control", "new\nline",
    ]

    /// As long as S3 allows, each part as long as a file system does.
    static func longest(_ prefix: String) -> String {
        var key = prefix
        while key.utf8.count < 1024 { key += String(repeating: "k", count: min(200, 1023 - key.utf8.count)) + "/" }
        return String(key.dropLast()) + "k"
    }

    @Test(arguments: StoreKind.allCases)
    func awkwardKeys(kind: StoreKind) async throws {
        try await kind.with { place in
            let names = Self.keys + [String(Self.longest(place.prefix).dropFirst(place.prefix.utf8.count))]
            #expect(place.key(names[names.count - 1]).bytes.count == 1024)
            try await forEachConcurrently(names.enumerated(), limit: 8) { number, name in
                try await place.store.put([UInt8(number)], to: place.key(name), options: WriteOptions())
            }
            for (number, name) in names.enumerated() {
                let key = place.key(name)
                #expect(try await place.store.summary(of: key).key == key)
                #expect(try await place.store.get(key) == [UInt8(number)], "\(name)")
                let target = place.folder.appending("\(number)")
                try await place.store.download(key, to: target)
                #expect(bytes(of: target) == [UInt8(number)])
            }
            var listed: Set<[UInt8]> = []
            try await place.store.list(prefix: place.key("")) { listed.insert($0.key.bytes) }
            #expect(listed == Set(names.map { place.key($0).bytes }))
            for name in names { try await place.store.delete(place.key(name)) }
            #expect(try await place.names().isEmpty)
        }
    }

    /// Parts, and the document that puts them together, name the key, too.
    @Test(arguments: StoreKind.allCases, ["a b+c%/ü&<'\"", "\u{1}=?#"])
    func largeObjectsWithAwkwardKeys(kind: StoreKind, name: String) async throws {
        try await kind.with { place in
            let content = noise(Lab.partBytes + 10)
            try write(content, to: place.folder.appending("file"))
            let file = place.folder.appending("file")
            try await place.store.upload(file, to: place.key(name), options: WriteOptions())
            let target = place.folder.appending("target")
            try await place.store.download(place.key(name), to: target)
            expectSame(bytes(of: target), content)
        }
    }

    /// SeaweedFS refuses or rewrites these; what is sent for them is right all the same.
    @Test(arguments: [
        ("//a", "//a"), ("a//b", "a//b"), ("../x", "../x"), ("./x", "./x"), ("a/..", "a/.."), ("dir/", "dir/"),
        ("back\\slash", "back%5Cslash"), ("/", "/"), ("a b", "a%20b"), ("a+b", "a%2Bb"), ("%2F", "%252F"),
        ("a;b'c", "a%3Bb%27c"), ("\u{7f}", "%7F"),
    ])
    func keysThatThisServerDoesNotTake(name: String, encoded: String) async throws {
        let object = OneObject([1, 2, 3])
        let server = try ScriptedServer { object.answer($0) }
        defer { server.stop() }
        let store = try Lab.store(at: server.endpoint)
        #expect(try await store.get(ObjectKey(name)) == [1, 2, 3])
        #expect(try await store.summary(of: ObjectKey(name)).sizeBytes == 3)
        #expect(server.requests.map(\.path) == Array(repeating: "/\(store.bucket)/\(encoded)", count: 2))
        for request in server.requests { #expect(try Lab.oracle().signatureProblem(of: request) == nil) }
    }

    /// The name of a file may be any bytes, that of an object not.
    @Test(arguments: [[0xFF], [0x61, 0xC3], [0x61, 0xE9, 0x62], [0xED, 0xA0, 0x80]] as [[UInt8]])
    func keysThatAreNoTextAreRefused(bytes: [UInt8]) async throws {
        let server = try ScriptedServer { _ in .http(200) }
        defer { server.stop() }
        let store = try Lab.store(at: server.endpoint)
        let key = ObjectKey(bytes: bytes)
        await store.expect(.invalidKey) { _ = try await $0.get(key) }
        await store.expect(.invalidKey) { try await $0.put([1], to: key, options: WriteOptions()) }
        await store.expect(.invalidKey) { try await $0.delete(key) }
        #expect(server.requests.isEmpty)
    }
}
