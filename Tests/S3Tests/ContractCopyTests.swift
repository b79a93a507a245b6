import ObjectStorage
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

@testable import S3

/// What the comment of `ObjectStore.copy` promises, asked of every implementation.
@Suite(.timeLimit(.minutes(15))) struct ContractCopyTests {
    @Test(arguments: StoreKind.allCases, [0, 1, 70_000, Lab.partBytes + 1])
    func aCopyHasTheSameBytes(kind: StoreKind, size: Int) async throws {
        try await kind.with { place in
            let content = noise(size, seed: 3)
            let (from, to) = (place.key("from/a b+ü"), place.key("to/c d%"))
            try await place.store.put(content, to: from, options: WriteOptions())
            let object = try await place.store.summary(of: from)
            #expect(try await place.store.copy(object, of: place.store, to: to, options: WriteOptions()))
            expectSame(try await place.store.get(to), content)
            expectSame(try await place.store.get(from), content)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aCopyReplacesAndIsNoLink(kind: StoreKind) async throws {
        try await kind.with { place in
            try await place.put("a", "b")
            let object = try await place.store.summary(of: place.key("a"))
            #expect(try await place.store.copy(object, of: place.store, to: place.key("b"), options: WriteOptions()))
            try await place.store.put(Array("new".utf8), to: place.key("a"), options: WriteOptions())
            #expect(try await place.store.get(place.key("b")) == Array("a".utf8))
            #expect(try await place.names() == ["a", "b"])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aMissingSource(kind: StoreKind) async throws {
        try await kind.with { place in
            let object = ObjectSummary(key: place.key("none"), sizeBytes: 1, modified: .now())
            await place.store.expect(.notFound) { store in
                _ = try await store.copy(object, of: store, to: place.key("x"), options: WriteOptions())
            }
            let names = try await place.names()
            #expect(names.isEmpty)
        }
    }

    @Test(arguments: [StoreKind.s3])
    func whatChangedSinceIsNotCopied(kind: StoreKind) async throws {
        try await kind.with { place in
            try await place.put("a")
            let old = try await place.store.summary(of: place.key("a"))
            try await place.store.put(Array("other".utf8), to: place.key("a"), options: WriteOptions())
            await #expect(throws: ObjectStoreError.self) {
                _ = try await place.store.copy(old, of: place.store, to: place.key("x"), options: WriteOptions())
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func anotherKindOfStoreIsNotReached(kind: StoreKind) async throws {
        try await kind.with { place in
            let other: any ObjectStore =
                kind == .localFolder ? try Lab.store() : LocalFolderStore(folder: place.folder)
            let object = ObjectSummary(key: place.key("a"), sizeBytes: 1, modified: .now())
            #expect(try await !place.store.copy(object, of: other, to: place.key("x"), options: WriteOptions()))
        }
    }
}
