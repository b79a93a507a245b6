package import AWSEndpoints

/// What options say about the object store.
package struct StoreSettings: Hashable, Sendable {
    /// How buckets are addressed.
    package enum Addressing: String, Hashable, Sendable, CaseIterable {
        /// By the bucket's name and the endpoint.
        case automatic = "auto"
        /// In the path.
        case path
        /// In the host name.
        case virtual
    }

    /// Which bodies the signature covers.
    package enum PayloadSigning: String, Hashable, Sendable, CaseIterable {
        /// Those that TLS does not protect.
        case automatic = "auto"
        /// All.
        case always
        /// None.
        case never
    }

    /// An object's tag.
    package struct Tag: Hashable, Sendable {
        /// The name.
        package let key: String
        /// The value.
        package let value: String
    }

    /// The region; nil for what the AWS settings say.
    package var region: String?
    /// The address of the store; nil for what the AWS settings say.
    package var endpoint: EndpointAddress?
    /// How buckets are addressed; nil for what the AWS settings say.
    package var addressing: Addressing?
    /// Which bodies the signature covers; nil for what the AWS settings say.
    package var payloadSigning: PayloadSigning?
    /// The account that every bucket must belong to.
    package var expectedBucketOwner: String?
    /// The storage class of what is stored.
    package var storageClass: String?
    /// The tags of what is stored.
    package var tags: [Tag] = []
    /// The most requests at once; nil is as many as `transfersAtOnce`.
    package var connections: Int?
    /// How many files are moved at once.
    package var transfersAtOnce: Int { connections ?? 32 }
    /// The most bytes of upload buffers; nil is the default.
    package var bufferBytes: Int?
    /// How long a connection may stand still.
    package var stallSeconds = 30

    /// Makes the settings of a run without options.
    package init() {}
}

/// The options about the object store, as texts.
package struct StoreOptions: Sendable {
    /// The region.
    package var region: OptionValue?
    /// The address of the store.
    package var endpointURL: OptionValue?
    /// `auto`, `path` or `virtual`.
    package var addressing: OptionValue?
    /// `auto`, `always` or `never`.
    package var payloadSigning: OptionValue?
    /// An account's number.
    package var expectedBucketOwner: OptionValue?
    /// A storage class.
    package var storageClass: OptionValue?
    /// `NAME=VALUE` each.
    package var tags: [OptionValue] = []
    /// How many requests at once.
    package var connections: OptionValue?
    /// How many bytes of upload buffers.
    package var bufferBytes: OptionValue?
    /// How long a connection may stand still, in seconds.
    package var stallTimeout: OptionValue?

    /// Makes options with nothing given.
    package init() {}
}
