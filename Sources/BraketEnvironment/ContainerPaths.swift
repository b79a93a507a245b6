package import SystemPackage

/// The files and folders of a job's container, below a root that is `/opt` in the service (contract §2.1).
package struct ContainerPaths: Sendable {
    /// `/opt`, or where it stands for this run.
    package let root: FilePath

    /// The children of `braket` that are real folders of their own and not the ones of `ml`: what the script is told
    /// must not lead there (contract §2.1 rule 3).
    package var splitChildren: Set<String> = []

    /// Makes the paths below a root.
    ///
    /// - Parameter root: An absolute path.
    package init(root: FilePath) {
        self.root = root.lexicallyNormalized()
    }

    /// The platform's tree.
    package var ml: FilePath { root.appending("ml") }
    /// The customer's name for the same tree, a link to `ml`.
    package var braket: FilePath { root.appending("braket") }
    /// Where the image's own code lies; the first place Python looks for modules.
    package var code: FilePath { ml.appending("code") }
    /// The script as it was fetched.
    package var original: FilePath { braket.pushing("code/customer_code/original") }
    /// The script, unpacked: the working directory of the entry point.
    package var extracted: FilePath { braket.pushing("code/customer_code/extracted") }
    /// Made by today's container and used by nothing; kept for scripts that look for it.
    package var additionalSetup: FilePath { braket.appending("additional_setup") }
    /// The platform's configuration files.
    package var inputConfig: FilePath { ml.pushing("input/config") }
    /// The input channels.
    package var inputData: FilePath { ml.pushing("input/data") }
    /// What becomes model.tar.gz.
    package var model: FilePath { ml.appending("model") }
    /// The record, the failure text, and `data`.
    package var output: FilePath { ml.appending("output") }
    /// What becomes output.tar.gz.
    package var outputData: FilePath { output.appending("data") }
    /// Why the job failed, for the platform.
    package var failure: FilePath { output.appending("failure") }
    /// The record.
    package var record: FilePath { output.appending("job.json") }
    /// What appears when the script is to end, where nobody names another file.
    package var stopFile: FilePath { output.appending("stop") }
    /// The log of the script's output; no archive holds it.
    package var outputLog: FilePath { output.pushing("log/stdout-stderr.log") }
    /// Where results of earlier runs in this root are kept.
    package var previous: FilePath { ml.appending("previous") }

    /// The hyperparameters file.
    package var hyperparameters: FilePath { inputConfig.appending("hyperparameters.json") }
    /// The channels file.
    package var inputDataConfig: FilePath { inputConfig.appending("inputdataconfig.json") }
    /// The hosts file.
    package var resourceConfig: FilePath { inputConfig.appending("resourceconfig.json") }

    /// The hosts of the job with their slots, for Open MPI.
    package var hostfile: FilePath { inputConfig.appending("hostfile") }

    /// A path of the container as it is for this run: below `/opt` it moves with the root, others stay.
    ///
    /// - Parameter path: A path as a job document names it, e.g. `/opt/jobs/checkpoints`.
    /// - Returns: The path to use.
    package func rerooted(_ path: FilePath) -> FilePath {
        let normalized = path.lexicallyNormalized()
        let opt = FilePath("/opt")
        guard normalized.starts(with: opt), normalized != opt else { return normalized }
        return root.appending(normalized.components.dropFirst())
    }

    /// A path below `root/braket`, as the service writes it into variables: `/opt/braket/model`.
    ///
    /// - Parameter relative: For instance `model`.
    /// - Returns: The path as text.
    package func braketText(_ relative: String) -> String {
        let child = FilePath(relative).components.first?.string ?? ""
        return (splitChildren.contains(child) ? ml : braket).pushing(FilePath(relative)).string
    }
}
