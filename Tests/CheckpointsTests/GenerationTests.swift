import ObjectStorage
import RunnerCore
import RunnerTestSupport
import Testing

@testable import Checkpoints

/// Manifests and keys as texts.
@Suite(.timeLimit(.minutes(15))) struct GenerationTests {
    private static let names: [[UInt8]] = [
        Array("a".utf8), Array("sub/ü \"quoted\"\n\\".utf8), [0xff, 0x2f, 0x01],
        Array(String(repeating: "n", count: 900).utf8),
    ]

    private func generation(files: Int = 0) -> Generation {
        var generation = Generation(number: 12, run: "r1", time: Timestamp(milliseconds: 5), isPartial: true)
        let names = Self.names + (0..<files).map { Array("f\($0)".utf8) }
        for (index, name) in names.enumerated() {
            generation.files.append(
                Generation.File(
                    key: ObjectKey(bytes: name),
                    sizeBytes: Int64(index) << 40,
                    digest: ContentDigest(of: name),
                    modifiedNanoseconds: -5 + Int64(index),
                    since: index,
                    isSnapshot: index == 1
                )
            )
        }
        generation.gone = [ObjectKey("old"), ObjectKey(bytes: [0xfe])]
        return generation
    }

    @Test(arguments: [0, 5000])
    func aManifestIsReadAsItWasWritten(files: Int) throws {
        let generation = generation(files: files)
        var bytes: [UInt8] = []
        try generation.writeManifest { bytes += $0 }
        #expect(try Generation(manifest: BytesSource(bytes), address: "x") == generation)
        // Any reader of JSON can read it.
        let document = try JSONText.parse(String(decoding: bytes, as: UTF8.self)).objectValue
        #expect(document?["entries"]?.arrayValue?.count == generation.files.count + 2)
    }

    @Test func everyCutIsSeen() throws {
        var bytes: [UInt8] = []
        try generation().writeManifest { bytes += $0 }
        // Not by #expect for each: some thousand of them take a minute.
        for length in 0..<(bytes.count - 1) {
            do {
                _ = try Generation(manifest: BytesSource(Array(bytes[..<length])), address: "x")
                Issue.record("cut to \(length): taken for whole")
                return
            } catch let error as ObjectStoreError where error.code == .damaged {
                continue
            }
        }
    }

    @Test(arguments: ["", "ck/"])
    func keysAreToldApart(base: String) {
        let layout = CheckpointLayout(prefix: ObjectKey(base.isEmpty ? "" : "ck"))
        #expect(layout.base == ObjectKey(base))
        let digest = ContentDigest(of: [1])
        let name = CheckpointLayout.ManifestName(number: 7, run: "a-b")
        #expect(layout.place(of: layout.blob(digest)) == .blob(digest, host: nil))
        #expect(layout.place(of: layout.manifest(name)) == .manifest(name))
        #expect(layout.place(of: layout.lease) == .own)
        #expect(layout.place(of: layout.incoming(run: "r", number: 1)) == .own)
        #expect(layout.place(of: layout.plain(ObjectKey("a/b"))) == .plain(ObjectKey("a/b")))
        #expect(layout.place(of: ObjectKey(base + ".braket-runner")) == .plain(ObjectKey(".braket-runner")))
        for own in ["objects/xyz", "objects/\(digest)/x", "generations/x-y.json", "generations/1-y", "other"] {
            #expect(layout.place(of: ObjectKey(base + ".braket-runner/" + own)) == .own, "\(own)")
        }
        let host = CheckpointLayout(prefix: ObjectKey(base.isEmpty ? "" : "ck"), host: "algo-2")
        #expect(layout.place(of: host.blob(digest)) == .blob(digest, host: "algo-2"))
        #expect(host.place(of: layout.blob(digest)) == .blob(digest, host: nil))
        #expect(layout.place(of: host.manifest(name, of: "algo-2")) == .part(name, host: "algo-2"))
        #expect(host.manifest(name) == layout.manifest(name))
        #expect(layout.place(of: host.lease) == .own)
        // The listing is in the order of the sets.
        let keys = [9, 10, 100].map { layout.manifest(CheckpointLayout.ManifestName(number: $0, run: "z")) }
        #expect(keys == keys.sorted())
    }

    @Test func digestsAreTheirHexadecimal() {
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        #expect(ContentDigest(of: []).description == text)
        #expect(ContentDigest(hexadecimal: text) == ContentDigest(of: []))
        for wrong in ["", String(text.dropLast()), text + "0", text.uppercased(), "g" + text.dropFirst()] {
            #expect(ContentDigest(hexadecimal: wrong) == nil)
        }
    }
}
