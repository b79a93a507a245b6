import BraketEnvironment
import Logging
import ObjectStorage
import RunnerCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// Makes the folders and links that a script of a hybrid job expects (contract §2.1).
struct ContainerTree {
    /// The job's folders.
    let paths: ContainerPaths
    /// The runner's own log.
    let logger: Logger

    /// Makes `ml`, the link `braket`, and the folders of the code; blocks.
    ///
    /// `input/data` is not made: in SDK local mode the host copies the channels there afterwards, and docker would
    /// copy them one level too deep into a folder that exists (contract §4 step 9).
    ///
    /// - Returns: The children of `braket` that are other folders than those of `ml`.
    /// - Throws: `JobFailure` with the path that could not be made.
    func prepare() throws(JobFailure) -> Set<String> {
        // Before the link: today a missing /opt/ml leaves a dangling link and then fails with FileExistsError.
        try make(paths.ml)
        let split = try link()
        for folder in [
            paths.code, paths.original, paths.additionalSetup, paths.model, paths.outputData, paths.inputConfig,
        ] {
            try make(folder)
        }
        return split
    }

    /// Moves what an earlier run left in the results folders out of the way, so that it does not get into this run's
    /// archives; blocks.
    ///
    /// Nothing is removed.
    ///
    /// Folders of channels that a run of ours filled are copies and are removed; others of a name that this job fills
    /// are somebody's own and are moved.
    ///
    /// - Parameter channels: The names of the channels that this job fills.
    /// - Throws: `JobFailure` when a folder cannot be moved.
    func setAsidePreviousResults(channels: [String] = []) throws(JobFailure) {
        var leftovers = [paths.model, paths.output].filter { !isEmptyFolder($0) }
        let files = ConfigurationFiles(paths: paths)
        let ours = files.ownChannels
        leftovers += channels.filter { !ours.contains($0) }.map { paths.inputData.appending($0) }
            .filter { FileStatus(of: $0, followingLinks: false) != nil }
        for name in ours { try removeChannel(paths.inputData.appending(name)) }
        guard !leftovers.isEmpty else { return }
        var number = 1
        while FileStatus(of: paths.previous.appending("\(number)")) != nil { number += 1 }
        let target = paths.previous.appending("\(number)")
        try make(target)
        for folder in leftovers {
            // Channels keep their place: a channel may be called "model".
            let isChannel = folder.starts(with: paths.inputData)
            let parent = isChannel ? target.appending("input") : target
            try make(parent)
            try move(folder, to: parent.appending(folder.lastComponent?.string ?? ""))
        }
        logger.notice("what an earlier run left in this root was moved", metadata: ["path": "\(target)"])
    }

    /// Renamed first: of a folder that is a mount of its own nothing may be removed.
    private func removeChannel(_ folder: FilePath) throws(JobFailure) {
        guard FileStatus(of: folder, followingLinks: false) != nil else { return }
        let aside = paths.ml.pushing("input/.removing")
        do {
            try removeTree(aside)
            try move(folder, to: aside)
            try removeTree(aside)
        } catch let error as JobFailure {
            throw error
        } catch {
            throw failure(folder, .ioError)
        }
    }

    private func move(_ folder: FilePath, to target: FilePath) throws(JobFailure) {
        do {
            try moveTree(folder, to: target)
        } catch {
            throw JobFailure(
                .paths,
                .usage,
                "Cannot move aside what an earlier run left.",
                details: ["\(error); a folder that is a mount of its own must be empty, or use another --root"]
            )
        }
    }

    private func link() throws(JobFailure) -> Set<String> {
        if symlink(paths.ml.string, paths.braket.string) == 0 { return [] }
        let error = Errno(rawValue: errno)
        guard error == .fileExists else {
            throw JobFailure(
                .paths,
                .usage,
                "Symlink failure.",
                details: [" Exception: cannot link \(paths.braket) to \(paths.ml): \(error)"]
            )
        }
        guard FileStatus(of: paths.braket, followingLinks: false)?.isDirectory == true else {
            try checkLink()
            return []
        }
        return try linkChildren()
    }

    /// A link that leads to `ml` in any spelling is fine; one that leads elsewhere would split the tree.
    private func checkLink() throws(JobFailure) {
        guard let target = FileStatus(of: paths.braket), target.isDirectory,
            target.identity == FileStatus(of: paths.ml)?.identity
        else {
            throw JobFailure(
                .paths,
                .usage,
                "Symlink failure.",
                details: [" Exception: \(paths.braket) exists and is no link to \(paths.ml); remove or rename it"]
            )
        }
    }

    /// Links the children that a real folder in the place of the link lacks.
    ///
    /// A real folder - the image made it, or `mkdir -p` of a checkpoint path below it ran first - gets links for the
    /// children that are missing. Today's program silently works in two worlds there and loses the results.
    private func linkChildren() throws(JobFailure) -> Set<String> {
        var split: Set<String> = []
        for child in ["code", "input", "model", "output"] {
            let link = paths.braket.appending(child)
            let target = paths.ml.appending(child)
            try make(target)
            // An empty folder holds nothing that could be lost.
            if FileStatus(of: link, followingLinks: false)?.isDirectory == true { _ = rmdir(link.string) }
            if symlink(target.string, link.string) == 0 {
                logger.warning(
                    "\(paths.braket) is a folder, not a link: linked a missing child",
                    metadata: ["path": "\(link)"]
                )
                continue
            }
            let error = Errno(rawValue: errno)
            guard error == .fileExists else { throw failure(link, error) }
            if FileStatus(of: link)?.identity != FileStatus(of: target)?.identity {
                split.insert(child)
                logger.warning(
                    "a real folder stands where a link is expected; the script is told the other path",
                    metadata: ["path": "\(link)", "expected": "\(target)"]
                )
            }
        }
        return split
    }

    private func make(_ folder: FilePath) throws(JobFailure) {
        do {
            try makeDirectories(folder)
        } catch {
            throw JobFailure(preparing: error, remedy: JobFailure.remedy(forRoot: paths.root.string))
        }
    }

    private func failure(_ path: FilePath, _ error: Errno) -> JobFailure {
        JobFailure(.paths, .usage, "Cannot prepare the job's folders.", details: ["\(path): \(error)"])
    }

    /// `output/data` alone, empty, is what every run makes.
    private func isEmptyFolder(_ folder: FilePath) -> Bool {
        guard let names = try? directoryEntryNames(folder) else { return true }
        return names.allSatisfy { name in
            folder == paths.output && name.elementsEqual("data".utf8) && isEmptyFolder(paths.outputData)
        }
    }
}
