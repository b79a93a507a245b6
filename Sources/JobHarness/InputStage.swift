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

/// What one channel brought, or would bring.
struct ChannelContents: Sendable {
    /// The channel.
    let channel: ConfiguredChannel
    /// Where its objects lie.
    let store: any ObjectStore
    /// Its objects, with their local names.
    let files: [ChannelFile]

    /// The bytes of all files.
    var bytes: Int64 { files.map(\.object.sizeBytes).saturatingSum() }
}

/// Fills the input channels (contract §5.4) and writes the files that describe them.
struct InputStage: Sendable {
    private static let downloadsAtOnce = 12

    /// The job.
    let configuration: JobConfiguration
    /// The job's stores.
    let stores: Stores
    /// The runner's own log.
    let logger: Logger

    /// Lists what each channel holds and the names its files get, without fetching any.
    ///
    /// - Returns: The channels in order.
    /// - Throws: `JobFailure` for the first channel that is empty or cannot be filled.
    func contents() async throws -> [ChannelContents] {
        var all: [ChannelContents] = []
        for channel in configuration.channels { all.append(try await contents(of: channel)) }
        return all
    }

    /// Lists one channel.
    ///
    /// - Parameter channel: The channel.
    /// - Returns: Its files.
    /// - Throws: `JobFailure`.
    func contents(of channel: ConfiguredChannel) async throws -> ChannelContents {
        do {
            if channel.isManifest { return try await manifestContents(of: channel) }
            let (store, prefix, objects) = try await stores.objects(at: channel.location)
            let files = try channelFiles(
                objects,
                prefix: prefix,
                channel: channel.name,
                address: channel.location.description
            )
            return ChannelContents(channel: channel, store: store, files: files)
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
    func fetch() async throws -> [ChannelContents] {
        let all = try await contents()
        do {
            // A run that was killed may have left something there; nobody else uses this name.
            try removeTree(fetching)
            try await download(all)
            for contents in all { try place(contents) }
            try removeTree(fetching)
            return all
        } catch {
            try? removeTree(fetching)  // The first error is the one to report.
            throw error
        }
    }

    /// Where channels are until they are complete: beside the channels, where no script looks.
    private var fetching: FilePath { configuration.paths.ml.pushing("input/.fetching") }

    /// All files of all channels at once: many channels of one file are as quick as one of many.
    private func download(_ all: [ChannelContents]) async throws {
        let work = all.flatMap { contents in contents.files.map { (contents: contents, file: $0) } }
        try await forEachConcurrently(work, limit: Self.downloadsAtOnce) { contents, file in
            let folder = fetching.appending(contents.channel.name)
            do {
                _ = try await contents.store.download(file.object.key, to: folder.pushing(file.name))
            } catch {
                throw describe(error, contents.channel)
            }
        }
    }

    /// Gives a complete channel its name; an older one is replaced.
    private func place(_ contents: ChannelContents) throws {
        let target = configuration.paths.inputData.appending(contents.channel.name)
        do {
            try makeDirectories(configuration.paths.inputData)
            // Beside `fetching`, whose names are the channels': a channel may be called anything.
            let old = configuration.paths.ml.pushing("input/.replaced")
            try replaceTree(target, with: fetching.appending(contents.channel.name), old: old)
        } catch {
            throw describe(error, contents.channel)
        }
        logger.info(
            "channel fetched",
            metadata: [
                "channel.name": "\(contents.channel.name)", "channel.files": "\(contents.files.count)",
                "channel.size": "\(humanBytes(contents.bytes))",
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
        return ChannelContents(channel: channel, store: store, files: files)
    }

    // MARK: Words

    private func describe(_ error: any Error, _ channel: ConfiguredChannel) -> any Error {
        switch error {
        case let error as ChannelError:
            return JobFailure(error.isMissing ? .inputMissing : .inputRefused, .inputs, error.description)
        case let error as ObjectStoreError where error.code == .unavailable:
            return JobFailure(.storageUnavailable, .storageUnavailable, "channel '\(channel.name)': \(error)")
        case let error as ObjectStoreError:
            return JobFailure(
                error.code == .accessDenied ? .accessDenied : .inputMissing,
                .inputs,
                "channel '\(channel.name)': \(error)"
            )
        default:
            return error
        }
    }
}
