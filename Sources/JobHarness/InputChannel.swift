import BraketEnvironment
package import ObjectStorage
import RunnerCore
package import SystemPackage

/// An object of a channel and the name it gets in the channel's folder.
package struct ChannelFile: Hashable, Sendable {
    /// The object.
    package let object: ObjectSummary
    /// Its name below the channel's folder.
    package let name: FilePath
}

/// Why a channel cannot be filled.
package struct ChannelError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The sentence.
    package let description: String
    /// true when there is simply nothing.
    package let isMissing: Bool
}

/// Gives each object of a channel its local name by the rule of the SDK and the service (contract §5.4).
///
/// The objects are all whose keys begin with `prefix`:
/// - a prefix that ends in `/`, or of which all keys begin with prefix + `/`, is a folder: names are relative to it;
/// - any other prefix is the beginning of names: names are relative to the folder that the prefix lies in. So
///   `data` with the keys `data/x` and `data2/y` gives `data/x` and `data2/y`.
///
/// - Parameters:
///   - objects: What the store listed.
///   - prefix: The key of the channel's URI.
///   - channel: Its name, for messages.
///   - address: Its URI, for messages.
/// - Returns: The files in the order of their keys, without folder markers.
/// - Throws: `ChannelError` when there is none, when a key would leave the channel's folder, and when two keys cannot
///   both exist in a file system.
package func channelFiles(
    _ objects: [ObjectSummary],
    prefix: ObjectKey,
    channel: String,
    address: String
) throws(ChannelError) -> [ChannelFile] {
    let files = objects.filter { !$0.key.isFolderMarker }
    guard !files.isEmpty else {
        throw ChannelError(
            description: "No data found for channel '\(channel)': nothing lies at \(address.escaped())",
            isMissing: true
        )
    }
    let folder = commonFolder(of: files, prefix: prefix)
    let named = try files.map { object throws(ChannelError) in
        try channelFile(object, folder: folder, channel: channel)
    }
    try refuseClashes(named, channel: channel)
    return named
}

/// The file of one object.
private func channelFile(
    _ object: ObjectSummary,
    folder: Int,
    channel: String
) throws(ChannelError) -> ChannelFile {
    guard let name = object.key.droppingFirst(folder).relativePath() else {
        throw ChannelError(
            description: "channel '\(channel)': the key \"\(object.key.description.escaped())\" would leave the "
                + "channel's folder or cannot be a file name",
            isMissing: false
        )
    }
    return ChannelFile(object: object, name: name)
}

/// How many bytes of each key are the folder that names are relative to.
private func commonFolder(of files: [ObjectSummary], prefix: ObjectKey) -> Int {
    if prefix.bytes.isEmpty || prefix.isFolderMarker { return prefix.bytes.count }
    let asFolder = prefix.appending("/")
    if files.allSatisfy({ $0.key.hasPrefix(asFolder) }) { return asFolder.bytes.count }
    return prefix.bytes.lastIndex(of: .slash).map { $0 + 1 } ?? 0
}

/// S3 can hold `a` and `a/b`, and `a/b` and `a//b`; a file system cannot.
private func refuseClashes(_ files: [ChannelFile], channel: String) throws(ChannelError) {
    var folders: Set<FilePath> = []
    var names: [FilePath: ObjectKey] = [:]
    for file in files {
        if let other = names.updateValue(file.object.key, forKey: file.name) {
            throw clash(other, file.object.key, channel)
        }
        var parent = file.name.removingLastComponent()
        while !parent.isEmpty, folders.insert(parent).inserted { parent = parent.removingLastComponent() }
    }
    for file in files where folders.contains(file.name) {
        let child = ObjectKey(bytes: file.object.key.bytes + [.slash])
        throw clash(file.object.key, child, channel)
    }
}

private func clash(_ one: ObjectKey, _ other: ObjectKey, _ channel: String) -> ChannelError {
    ChannelError(
        description: "channel '\(channel)': the keys \"\(one.description.escaped())\" and "
            + "\"\(other.description.escaped())\" cannot both be files of one folder",
        isMissing: false
    )
}

/// Names the files of a channel that is too large to be held in memory, one after the other.
///
/// Two keys that clash are found when the second one's file is made.
struct ChannelNaming: Sendable {
    private let channel: String
    private let folder: Int

    /// Finds the folder that names are relative to.
    ///
    /// - Parameter contents: The channel.
    /// - Throws: `ObjectStoreError`.
    init(_ contents: ChannelContents) async throws {
        let prefix = contents.prefix
        channel = contents.channel.name
        if prefix.bytes.isEmpty || prefix.isFolderMarker {
            folder = prefix.bytes.count
        } else if try await contents.store.isFolder(prefix) {
            folder = prefix.bytes.count + 1
        } else {
            folder = prefix.bytes.lastIndex(of: .slash).map { $0 + 1 } ?? 0
        }
    }

    /// The file of an object.
    ///
    /// - Parameter object: The object.
    /// - Returns: nil for a folder marker.
    /// - Throws: `ChannelError` for a key that would leave the folder.
    func file(of object: ObjectSummary) throws(ChannelError) -> ChannelFile? {
        object.key.isFolderMarker ? nil : try channelFile(object, folder: folder, channel: channel)
    }
}
