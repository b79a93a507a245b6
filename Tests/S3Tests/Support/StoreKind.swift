import ObjectStorage
import RunnerTestSupport
import SystemPackage
import Testing

@testable import S3

/// Every implementation of `ObjectStore`.
enum StoreKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case localFolder = "a local folder"
    case s3 = "S3"
    case s3OverTLS = "S3 over TLS"

    /// The kind in words.
    var testDescription: String { rawValue }

    /// Runs a test with an empty place in a store of this kind.
    func with(_ body: (Place) async throws -> Void) async throws {
        try await Lab.heavily { try await withPlace(body) }
    }

    private func withPlace(_ body: (Place) async throws -> Void) async throws {
        try await withTemporaryDirectory { folder in
            let store: any ObjectStore =
                switch self {
                case .localFolder: LocalFolderStore(folder: folder.appending("bucket"))
                case .s3: try Lab.store()
                case .s3OverTLS: try Lab.store(at: S3Server.shared().tlsEndpoint, transport: Lab.secure())
                }
            let place = Place(store: store, folder: folder.appending("scratch"), prefix: "\(Lab.key("contract"))/")
            try await body(place)
            // Whatever a test does: S3 takes money for the parts of uploads that nobody ends.
            if self != .localFolder { #expect(try Lab.openUploads(below: place.prefix) == 0) }
        }
    }
}

/// Where a test puts its objects and files.
struct Place: Sendable {
    /// The store.
    let store: any ObjectStore
    /// A folder of this machine that does not exist yet.
    let folder: FilePath
    /// What all keys of the test begin with; ends in `/`.
    let prefix: String

    /// A key of the test.
    func key(_ name: String) -> ObjectKey { ObjectKey(prefix + name) }

    /// Stores objects whose content is their name.
    func put(_ names: String...) async throws {
        for name in names { try await store.put(Array(name.utf8), to: key(name), options: WriteOptions()) }
    }

    /// The names of the keys that begin with a prefix, in the order of the listing.
    func names(_ prefix: String = "") async throws -> [String] {
        var names: [String] = []
        try await store.list(prefix: key(prefix)) { object in
            names.append(object.key.droppingFirst(self.prefix.utf8.count).description)
        }
        return names
    }
}

extension ObjectStore {
    /// Fails the test when a call ends otherwise than with an error of a kind.
    func expect(
        _ code: ObjectStoreError.Code,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ call: (Self) async throws -> Void
    ) async {
        let error = await #expect(throws: ObjectStoreError.self, sourceLocation: sourceLocation) {
            try await call(self)
        }
        #expect(error?.code == code, "\(String(describing: error))", sourceLocation: sourceLocation)
    }
}
