import BraketEnvironment
import Logging
import ObjectStorage
import RunnerCore
import Synchronization
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// What one channel would bring.
struct ChannelContents: Sendable {
    /// The channel.
    let channel: ConfiguredChannel
    /// Where its objects lie.
    let store: any ObjectStore
    /// What its objects' keys begin with.
    let prefix: ObjectKey
    /// Its objects, with their local names; nil when they are more than were asked for.
    let files: [ChannelFile]?

    /// The bytes of all files.
    var bytes: Int64 { (files ?? []).map(\.object.sizeBytes).saturatingSum() }
}

/// What one channel brought.
struct FetchedChannel: Sendable {
    /// The channel.
    let channel: ConfiguredChannel
    /// How many files it has.
    let files: Int
    /// Their bytes.
    let bytes: Int64
}

/// Fills the input channels (contract §5.4) and writes the files that describe them.
struct InputStage: Sendable {
    /// A channel of more objects is not held in memory: its files get their names while they are listed.
    private static let largestHeldInMemory = 10_000

    /// The job.
    let configuration: JobConfiguration
    /// The job's stores.
    let stores: Stores
    /// The runner's own log.
    let logger: Logger

    /// Lists what each channel holds and the names its files get, without fetching any.
    ///
    /// - Parameter limit: Of a channel with more objects than that no list is made.
    /// - Returns: The channels in order.
    /// - Throws: `JobFailure` for the first channel that is empty or cannot be filled.
    func contents(atMost limit: Int = .max) async throws -> [ChannelContents] {
        var all: [ChannelContents] = []
        for channel in configuration.channels { all.append(try await contents(of: channel, atMost: limit)) }
        return all
    }

    /// Lists one channel.
    ///
    /// - Parameters:
    ///   - channel: The channel.
    ///   - limit: Of a channel with more objects than that no list is made.
    /// - Returns: Its files.
    /// - Throws: `JobFailure`.
    func contents(of channel: ConfiguredChannel, atMost limit: Int = .max) async throws -> ChannelContents {
        do {
            if channel.isManifest { return try await manifestContents(of: channel) }
            let (store, prefix, objects) = try await stores.objects(at: channel.location, atMost: limit)
            let files = try objects.map { objects in
                try channelFiles(
                    objects,
                    prefix: prefix,
                    channel: channel.name,
                    address: channel.location.description
                )
            }
            return ChannelContents(channel: channel, store: store, prefix: prefix, files: files)
        } catch {
            throw describe(error, channel)
        }
    }

    /// Fetches all channels, in parallel over their files.
    ///
    /// Each channel is filled beside its folder and renamed: a script never sees a file of an earlier run, and a stop
    /// in between leaves no half channel.
    ///
    /// - Returns: The channels as they were fetched.
    /// - Throws: `JobFailure`, or `CancellationError`.
    func fetch() async throws -> [FetchedChannel] {
        let all = try await contents(atMost: Self.largestHeldInMemory)
        do {
            // A run that was killed may have left something there; nobody else uses this name.
            try removeTree(fetching)
            let fetched = try await download(all)
            for channel in fetched { try place(channel) }
            try removeTree(fetching)
            return fetched
        } catch {
            try? removeTree(fetching)  // The first error is the one to report.
            throw error
        }
    }

    /// Where channels are until they are complete: beside the channels, where no script looks.
    private var fetching: FilePath { configuration.paths.ml.pushing("input/.fetching") }

    // MARK: Fetching

    /// All files of all channels at once: many channels of one file are as quick as one of many.
    private func download(_ all: [ChannelContents]) async throws -> [FetchedChannel] {
        let progress = TransferProgress()
        let figures = Mutex([FetchedChannel](all.map { FetchedChannel(channel: $0.channel, files: 0, bytes: 0) }))
        try await reporting(progress, of: "inputs", logger) {
            try await forEachLargestFirst(
                workers: configuration.settings.store.transfersAtOnce,
                sizeBytes: { (item: (channel: Int, file: ChannelFile)) in item.file.object.sizeBytes },
                find: { add in
                    for (index, contents) in all.enumerated() {
                        try await forEachFile(of: contents) { file in
                            progress.found(bytes: file.object.sizeBytes)
                            try await add((index, file))
                        }
                    }
                    progress.listingEnded()
                },
                move: { channel, file in
                    try await download(file, of: all[channel], progress)
                    figures.withLock { figures in
                        figures[channel] = FetchedChannel(
                            channel: figures[channel].channel,
                            files: figures[channel].files + 1,
                            bytes: figures[channel].bytes + file.object.sizeBytes
                        )
                    }
                }
            )
        }
        return figures.withLock { $0 }
    }

    private func forEachFile(
        of contents: ChannelContents,
        _ visit: (ChannelFile) async throws -> Void
    ) async throws {
        if let files = contents.files {
            for file in files { try await visit(file) }
            return
        }
        do {
            let naming = try await ChannelNaming(contents)
            try await contents.store.list(prefix: contents.prefix) { object in
                if let file = try naming.file(of: object) { try await visit(file) }
            }
        } catch {
            throw describe(error, contents.channel)
        }
    }

    private func download(_ file: ChannelFile, of contents: ChannelContents, _ progress: TransferProgress) async throws
    {
        do {
            let target = fetching.appending(contents.channel.name).pushing(file.name)
            _ = try await contents.store.download(file.object, to: target, progress: progress)
            progress.objectDone()
        } catch {
            throw describe(error, contents.channel)
        }
    }

    /// Gives a complete channel its name; an older one is replaced.
    private func place(_ fetched: FetchedChannel) throws {
        let target = configuration.paths.inputData.appending(fetched.channel.name)
        do {
            try makeDirectories(configuration.paths.inputData)
            // Beside `fetching`, whose names are the channels': a channel may be called anything.
            let old = configuration.paths.ml.pushing("input/.replaced")
            try replaceTree(target, with: fetching.appending(fetched.channel.name), old: old)
        } catch {
            throw describe(error, fetched.channel)
        }
        logger.info(
            "channel fetched",
            metadata: [
                "channel.name": "\(fetched.channel.name)", "channel.files": "\(fetched.files)",
                "channel.size": "\(humanBytes(fetched.bytes))",
            ]
        )
    }

    // MARK: Manifests

    /// `[{"prefix":"s3://b/p/"},"rel/1","rel/2"]`: each text is appended to the prefix and is the local name as well
    /// (SageMaker's S3DataSource).
    private func manifestContents(of channel: ConfiguredChannel) async throws -> ChannelContents {
        let (manifestStore, key) = try stores.resolve(channel.location)
        let text = try await manifestStore.get(key)
        let refusal = ChannelError(
            description: "channel '\(channel.name)': \(channel.location.description.escaped()) is no manifest; "
                + "it must read [{\"prefix\": \"s3://BUCKET/PREFIX/\"}, \"NAME\", …]",
            isMissing: false
        )
        guard let elements = (try? JSONText.parse(text))?.arrayValue,
            let prefix = elements.first?.objectValue?["prefix"]?.stringValue,
            let location = try? DataLocation(prefix, relativeTo: configuration.paths.root)
        else { throw refusal }
        let (store, base) = try stores.resolve(location)
        var files: [ChannelFile] = []
        for element in elements.dropFirst() {
            guard let name = element.stringValue, let local = ObjectKey(name).relativePath() else { throw refusal }
            files.append(ChannelFile(object: try await store.summary(of: base.appending(name)), name: local))
        }
        return ChannelContents(channel: channel, store: store, prefix: base, files: files)
    }

    // MARK: Words

    private func describe(_ error: any Error, _ channel: ConfiguredChannel) -> any Error {
        switch error {
        case let error as ChannelError:
            return JobFailure(error.isMissing ? .inputMissing : .inputRefused, .inputs, error.description)
        case let error as ObjectStoreError where error.code == .unavailable:
            return JobFailure(.storageUnavailable, .storageUnavailable, "channel '\(channel.name)': \(error)")
        case let error as ObjectStoreError where error.code == .exists:
            return JobFailure(
                .inputRefused,
                .inputs,
                "channel '\(channel.name)': two of its keys cannot both be files: \(error)"
            )
        case let error as ObjectStoreError:
            return JobFailure(
                JobFailure.kind(of: error, otherwise: .inputMissing),
                .inputs,
                "channel '\(channel.name)': \(error)"
            )
        default:
            return error
        }
    }
}
