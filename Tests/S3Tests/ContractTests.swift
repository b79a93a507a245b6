import ObjectStorage
import RunnerCore
import RunnerTestSupport
import SystemPackage
import Testing

/// What the comments of `ObjectStore` promise, asked of every implementation.
@Suite(.timeLimit(.minutes(15))) struct ContractTests {
    static let sizes = [0, 1, 70_000, Lab.partBytes, Lab.partBytes + 1, 2 * Lab.partBytes + 70_000]

    // MARK: There and back

    @Test(arguments: StoreKind.allCases, sizes)
    func whatIsUploadedIsDownloaded(kind: StoreKind, size: Int) async throws {
        try await kind.with { place in
            let content = noise(size)
            let key = place.key("a/b")
            try write(content, to: place.folder.appending("source"))
            let sent = TransferProgress()
            let source = place.folder.appending("source")
            let count = try await place.store.upload(source, to: key, options: WriteOptions(), progress: sent)
            #expect(count == Int64(size))
            #expect(sent.figures.bytesDone == Int64(size))
            let summary = try await place.store.summary(of: key)
            #expect(summary.key == key && summary.sizeBytes == Int64(size))
            #expect(abs(summary.modified.milliseconds - Timestamp.now().milliseconds) < 120_000)
            let received = TransferProgress()
            let target = place.folder.pushing("new/folders/copy")
            let read = try await place.store.download(summary, to: target, progress: received)
            #expect(read.key == key && read.sizeBytes == Int64(size))
            #expect(received.figures.bytesDone == Int64(size))
            expectSame(bytes(of: target), content)
        }
    }

    @Test(arguments: StoreKind.allCases, sizes)
    func whatIsWrittenIsRead(kind: StoreKind, size: Int) async throws {
        try await kind.with { place in
            let content = noise(size, seed: 2)
            let result = try await place.store.write(place.key("w"), options: WriteOptions()) { sink in
                // Pieces that end nowhere where parts do.
                try content.withUnsafeBytes { all in
                    for start in stride(from: 0, to: all.count, by: 999_983) {
                        try sink.write(UnsafeRawBufferPointer(rebasing: all[start..<min(start + 999_983, all.count)]))
                    }
                }
                return "result"
            }
            #expect(result == "result")
            expectSame(try await place.store.get(place.key("w")), content)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aSecondWriteReplacesTheFirst(kind: StoreKind) async throws {
        try await kind.with { place in
            let key = place.key("k")
            for content in [noise(100), noise(Lab.partBytes + 1), [], noise(7)] {
                try await place.store.put(content, to: key, options: WriteOptions())
                expectSame(try await place.store.get(key), content)
            }
            #expect(try await place.names() == ["k"])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func manyAtOnce(kind: StoreKind) async throws {
        try await kind.with { place in
            try await forEachConcurrently(0..<60, limit: 60) { number in
                let key = place.key("n\(number)")
                try await place.store.put([UInt8(number)], to: key, options: WriteOptions())
                #expect(try await place.store.get(key) == [UInt8(number)])
            }
            #expect(try await place.names().count == 60)
        }
    }

    // MARK: Listing

    /// SeaweedFS lists `a/b` before `a-b`; of S3 only names are asked that it has in order, too.
    @Test(arguments: StoreKind.allCases)
    func listingIsInTheOrderOfBytes(kind: StoreKind) async throws {
        try await kind.with { place in
            try await place.put("b", "a0/x", "Z", "\u{e9}", "a/c/d", "z", "a/b", "a1")
            if kind == .localFolder { try await place.put("a-b", "a.txt") }
            let more = kind == .localFolder ? ["a-b", "a.txt"] : []
            #expect(try await place.names() == ["Z"] + more + ["a/b", "a/c/d", "a0/x", "a1", "b", "z", "\u{e9}"])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aPrefixIsTheBeginningOfKeys(kind: StoreKind) async throws {
        try await kind.with { place in
            try await place.put("data/a", "data/sub/b", "data2/c", "other")
            let expected: [(String, [String])] = [
                ("data", ["data/a", "data/sub/b", "data2/c"]), ("data/", ["data/a", "data/sub/b"]),
                ("data/s", ["data/sub/b"]), ("data/sub/b", ["data/sub/b"]), ("o", ["other"]), ("missing", []),
                ("data/sub/b/", []), ("", ["data/a", "data/sub/b", "data2/c", "other"]),
            ]
            for (prefix, names) in expected { #expect(try await place.names(prefix) == names, "\(prefix)") }
            for (name, isFolder) in [
                ("data2", true), ("data/sub", true), ("data", false), ("other", false), ("no", false),
            ] {
                #expect(try await place.store.isFolder(place.key(name)) == isFolder, "\(name)")
            }
            let kept = try await place.store.summary(of: place.key("data/a"))
            try await place.store.list(prefix: place.key("data/a")) { listed in
                #expect(listed.sizeBytes == 6 && listed.entityTag == kept.entityTag)
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func anErrorOfTheVisitorEndsTheListing(kind: StoreKind) async throws {
        struct Enough: Error {}
        try await kind.with { place in
            try await place.put("a", "b", "c")
            var seen = 0
            await #expect(throws: Enough.self) {
                try await place.store.list(prefix: place.key("")) { _ in
                    seen += 1
                    if seen == 2 { throw Enough() }
                }
            }
            #expect(seen == 2)
        }
    }

    // MARK: What is not there

    @Test(arguments: StoreKind.allCases)
    func whatIsMissingIsNotFound(kind: StoreKind) async throws {
        try await kind.with { place in
            let key = place.key("missing")
            await place.store.expect(.notFound) { _ = try await $0.summary(of: key) }
            await place.store.expect(.notFound) { _ = try await $0.get(key) }
            let listed = ObjectSummary(key: key, sizeBytes: 5, modified: .now())
            for size in [0, 5, Int64(2 * Lab.partBytes)] {
                let listed = ObjectSummary(key: listed.key, sizeBytes: size, modified: .now())
                let target = place.folder.appending("target")
                await place.store.expect(.notFound) { _ = try await $0.download(listed, to: target, progress: nil) }
                #expect(FileStatus(of: target) == nil, "of \(size) bytes")
            }
            #expect(try await place.names().isEmpty)
            try await place.store.delete(key)
            await place.store.expect(.notFound) {
                try await $0.upload(place.folder.appending("missing"), to: key, options: WriteOptions())
            }
            let error = await #expect(throws: ObjectStoreError.self) { try await place.store.summary(of: key) }
            #expect(error?.description.contains(place.store.address(of: key)) == true)
        }
    }

    /// On S3 the address of no key is the bucket itself: PUT would make one, DELETE remove it.
    @Test(arguments: StoreKind.allCases)
    func theEmptyKeyIsNoObject(kind: StoreKind) async throws {
        try await kind.with { place in
            let none = ObjectKey("")
            try write([1], to: place.folder.appending("file"))
            await place.store.expect(.invalidKey) { try await $0.delete(none) }
            await place.store.expect(.invalidKey) { try await $0.put([1], to: none, options: WriteOptions()) }
            await place.store.expect(.invalidKey) {
                try await $0.upload(place.folder.appending("file"), to: none, options: WriteOptions())
            }
            await place.store.expect(.invalidKey) { _ = try await $0.get(none) }
            await place.store.expect(.invalidKey) { _ = try await $0.summary(of: none) }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func deletedObjectsAreGone(kind: StoreKind) async throws {
        try await kind.with { place in
            try await place.put("a", "b")
            try await place.store.delete(place.key("a"))
            #expect(try await place.names() == ["b"])
            try await place.store.delete(place.key("a"))
            await place.store.expect(.notFound) { _ = try await $0.summary(of: place.key("a")) }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func nothingAbandonedIsNoError(kind: StoreKind) async throws {
        try await kind.with { place in
            let removed = try await place.store.removeAbandonedUploads(prefix: place.key(""), begunBefore: .now())
            #expect(removed == 0)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func optionsAreTaken(kind: StoreKind) async throws {
        try await kind.with { place in
            let options = WriteOptions(storageClass: "STANDARD_IA", tags: [ObjectTag(key: "a b", value: "c+d/ü")])
            try await place.store.put([1, 2], to: place.key("k"), options: options)
            #expect(try await place.store.get(place.key("k")) == [1, 2])
        }
    }
}
