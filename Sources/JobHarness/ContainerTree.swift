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
    /// - Throws: `JobFailure` when a folder cannot be moved.
    func setAsidePreviousResults() throws(JobFailure) {
        let leftovers = [paths.model, paths.output].filter { !isEmptyFolder($0) }
        guard !leftovers.isEmpty else { return }
        var number = 1
        while FileStatus(of: paths.previous.appending("\(number)")) != nil { number += 1 }
        let target = paths.previous.appending("\(number)")
        try make(target)
        for folder in leftovers {
            let destination = target.appending(folder.lastComponent?.string ?? "")
            guard moveFile(folder, to: destination) else {
                let error = Errno(rawValue: errno)
                // A mount of its own cannot be renamed.
                let remedy = error == .resourceBusy ? "; empty it before the run, or use another --root" : ""
                throw JobFailure(
                    .paths,
                    .usage,
                    "Cannot move aside what an earlier run left.",
                    details: ["\(folder): \(error)\(remedy)"]
                )
            }
        }
        logger.notice("what an earlier run left in this root was moved", metadata: ["path": "\(target)"])
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
            throw JobFailure(
                .paths,
                .usage,
                "Cannot prepare the job's folders.",
                details: [
                    "\(error); run as a user who may write below \(paths.root), or choose another folder with --root"
                ]
            )
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
