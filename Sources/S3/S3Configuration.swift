package import AWSEndpoints
package import AWSRequests

/// How S3 is reached and used.
package struct S3Configuration: Sendable {
    /// Whether the bytes of a body are covered by the signature.
    package enum PayloadSigning: String, Sendable, CaseIterable {
        /// Over plain HTTP only: TLS protects them otherwise.
        case automatic = "auto"
        /// Always.
        case always
        /// Never: for a store on this machine, where hashing costs more than sending.
        case never
    }

    /// Where S3 is.
    package var endpoint: EndpointOptions
    /// Whether buckets are always named in the path.
    package var forcesPathStyle = false
    /// The region of buckets whose own is not known yet.
    package var region: String
    /// Whether bodies are signed.
    package var payloadSigning = PayloadSigning.automatic
    /// When a request is sent again.
    package var retries = RetryRules.transfer
    /// The same once the client is told to be patient.
    package var patientRetries = RetryRules.lastTransfer
    /// The account that every bucket must belong to; nil for any.
    package var expectedBucketOwner: String?
    /// The most requests at once, for the whole process.
    package var connections = 32
    /// The most bytes of buffers, for the whole process.
    package var bufferBytes = 64 << 20
    /// Objects larger than this move in parts of this size, several at once.
    package var partBytes = 8 << 20

    /// What upload parts may take of the buffers.
    ///
    /// The rest is for what lies between sockets and files, and for parts that are sent but that the client has not let
    /// go of: over TLS with 56 MiB of parts the process came to 105 MiB, of 96 it may have.
    var partBudgetBytes: Int { max(partBytes, bufferBytes / 16 * 11) }

    /// The buffers for the parts of a stream, whose length nobody knows, and the size of the first parts.
    ///
    /// What is written last is sent when the writer has ended: small parts make that short. As many as the budget has
    /// room for are on their way at once.
    var streamBuffers: (count: Int, partBytes: Int) {
        let least = PartFeed.fewestBuffers
        let size = min(partBytes, max(5 << 20, partBudgetBytes / least))
        return (min(max(partBudgetBytes / size, least), connections + 1), size)
    }

    /// Makes a configuration.
    ///
    /// - Parameters:
    ///   - endpoint: Where S3 is.
    ///   - region: The region of buckets whose own is not known yet.
    package init(endpoint: EndpointOptions, region: String) {
        self.endpoint = endpoint
        self.region = region
    }
}
