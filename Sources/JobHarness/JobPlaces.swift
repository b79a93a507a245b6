import BraketEnvironment
import Checkpoints
import MultiInstance
import ObjectStorage
import RunnerCore
import SystemPackage

extension ConfigurationFiles {
    /// This machine's name among the job's hosts: the platform's, else that of the only one.
    ///
    /// It becomes part of keys, so a name of other characters than a host's is not taken.
    var hostName: String {
        // A hosts file that cannot be read has been reported where the script needs it.
        let config = (try? readIfThere(paths.resourceConfig)) ?? nil
        let name = config?["current_host"]?.stringValue ?? ""
        let isPlain = name.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
        return isPlain && !name.isEmpty ? name : "algo-1"
    }
}

extension JobConfiguration {
    /// Where this host's checkpoints are kept.
    ///
    /// - Parameter stores: The job's stores.
    /// - Returns: The store and the prefix; nil when the platform keeps them, or nobody said where.
    /// - Throws: `ObjectStoreError` for a place that no store takes.
    func checkpointPlace(
        in stores: Stores
    ) throws(ObjectStoreError) -> (store: any ObjectStore, prefix: ObjectKey)? {
        guard storage.movesData, let location = checkpoints else { return nil }
        let (store, prefix) = try stores.resolvePrefixForWriting(location)
        guard settings.checkpoints.isPerHost else { return (store, prefix) }
        let host = hosts.cluster?.current ?? ConfigurationFiles(paths: paths).hostName
        return (store, prefix.child(ObjectKey(host)))
    }

    /// The hosts that keep their checkpoints at the same place; nil for one host, or a place for each.
    var checkpointHosts: CheckpointHosts? {
        guard !settings.checkpoints.isPerHost, let cluster = hosts.cluster, cluster.size > 1 else { return nil }
        return CheckpointHosts(current: cluster.current, all: cluster.hosts)
    }
}
