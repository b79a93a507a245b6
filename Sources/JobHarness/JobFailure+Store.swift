import ObjectStorage
import RunnerCore

extension JobFailure {
    /// Makes the failure of finding credentials or the store.
    ///
    /// - Parameter error: What the store said.
    init(reaching error: ObjectStoreError) {
        let refused = RefusedRequest(storeError: error.description)
        self.init(
            refused?.kind ?? .storageUnavailable,
            .storageUnavailable,
            "The store cannot be reached.",
            details: ["\(error)"]
        )
    }

    /// Makes the failure of a restore.
    ///
    /// - Parameter error: What the store said.
    init(restoring error: ObjectStoreError) {
        let isUnavailable = error.code == .unavailable
        self.init(
            Self.kind(of: error, otherwise: isUnavailable ? .storageUnavailable : .checkpointsUnreadable),
            isUnavailable ? .storageUnavailable : .inputs,
            "Cannot restore the checkpoints.",
            details: ["\(error)"]
        )
    }

    /// The kind of a store's error: rights and keys have their own, so that nobody looks for a missing file.
    ///
    /// - Parameters:
    ///   - error: What the store said.
    ///   - kind: The kind of any other error.
    /// - Returns: `expiredKeys`, `accessDenied` or `kind`.
    static func kind(of error: ObjectStoreError, otherwise kind: Kind) -> Kind {
        if let refused = RefusedRequest(storeError: error.description) { return refused.kind }
        return error.code == .accessDenied ? .accessDenied : kind
    }
}
