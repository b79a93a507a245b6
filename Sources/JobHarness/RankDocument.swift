import BraketEnvironment
import CLinuxShims
import EntryPoint
import ObjectStorage
import ProcessSupervision
import RunnerCore
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
#error("braket-runner runs on Linux only")
#endif

/// What each rank of a host runs, as the host's runner leaves it for the ranks that an engine starts.
///
/// A file in memory, reached by a link into `/proc/<runner>/fd`: the variables hold keys and tokens, which no disk is
/// to have, and the values of each host are its own, which an engine's command line could not say.
struct RankDocument: Sendable {
    /// The program, and its arguments with its own name first.
    var specification: ProcessSpecification
    /// Whether it is the Python launcher, which wants its two files in memory.
    var hasLauncher: Bool
    /// Where a rank that fails says how.
    var reports: FilePath
    /// The variables that the engine's own command line sets.
    var engineNames: [String]

    /// What an engine sets for a rank; it counts before the host's.
    private static let enginePrefixes = [
        "OMPI_", "PMIX_", "PMI_", "ORTE_", "PRTE_", "HWLOC_", "TORCHELASTIC_", "GROUP_", "ROLE_", "LOCAL_", "NCCL_",
    ]
    private static let engineVariables = ["RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "OMP_NUM_THREADS"]

    /// The document as text.
    private var text: String {
        let variables = specification.environment.map { JSONValue.array([.string($0.name), .string($0.value)]) }
        let object: JSONObject = [
            "executable": .string(specification.executable.string),
            "arguments": .array(specification.arguments.map(JSONValue.string)),
            "environment": .array(variables),
            "workingDirectory": .string(specification.workingDirectory.string), "hasLauncher": .bool(hasLauncher),
            "reports": .string(reports.string), "engineNames": .array(engineNames.map(JSONValue.string)),
        ]
        return JSONValue.object(object).serialized()
    }

    /// Makes a document.
    init(specification: ProcessSpecification, hasLauncher: Bool, reports: FilePath, engineNames: [String]) {
        self.specification = specification
        self.hasLauncher = hasLauncher
        self.reports = reports
        self.engineNames = engineNames
    }

    /// Reads what ``publish(at:)`` wrote.
    ///
    /// - Parameter link: The link.
    /// - Throws: `ObjectStoreError` when it cannot be read.
    init(link: FilePath) throws {
        let object = try JSONText.parse(try readSmallFileBytes(link)).objectValue ?? [:]
        let variables = (object["environment"]?.arrayValue ?? []).compactMap { pair -> (name: String, value: String)? in
            guard let pair = pair.arrayValue, pair.count == 2, let name = pair[0].stringValue else { return nil }
            return pair[1].stringValue.map { (name, $0) }
        }
        specification = ProcessSpecification(
            executable: FilePath(object["executable"]?.stringValue ?? ""),
            arguments: (object["arguments"]?.arrayValue ?? []).compactMap(\.stringValue),
            environment: variables,
            workingDirectory: FilePath(object["workingDirectory"]?.stringValue ?? "/")
        )
        hasLauncher = object["hasLauncher"]?.boolValue ?? false
        reports = FilePath(object["reports"]?.stringValue ?? "")
        engineNames = (object["engineNames"]?.arrayValue ?? []).compactMap(\.stringValue)
    }

    /// Leaves the document for the ranks; it is there as long as this process.
    ///
    /// - Parameter link: Where they look.
    /// - Throws: `ObjectStoreError` or `Errno`.
    func publish(at link: FilePath) throws {
        let descriptor = CLinuxShims_memory_file("braket-runner-ranks")
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        fchmod(descriptor, 0o600)
        try FileDescriptor(rawValue: descriptor).writeAll(Array(text.utf8))
        removeLink(link)
        let target = "/proc/\(getpid())/fd/\(descriptor)"
        guard symlink(target, link.string) == 0 else { throw Errno(rawValue: errno) }
        // What an earlier run's ranks said is no word of this one.
        try removeTree(reports)
        try makeDirectories(reports)
    }

    /// The variables of a rank: the host's, and over them the engine's.
    ///
    /// - Parameter process: What the engine started the rank with.
    /// - Returns: Names and values.
    func environment(of process: ProcessEnvironment) -> [(name: String, value: String)] {
        var result = ProcessEnvironment(specification.environment)
        for variable in process.variables where variable.name != "SHLVL" && variable.name != "_" {
            let isEngines =
                Self.engineVariables.contains(variable.name) || engineNames.contains(variable.name)
                || Self.enginePrefixes.contains { variable.name.hasPrefix($0) }
            let isOurs = variable.name.hasPrefix(EnvironmentKey.runnerPrefix)
            if isEngines || (result[variable.name] == nil && !isOurs) { result[variable.name] = variable.value }
        }
        for (name, source) in [
            ("RANK", "OMPI_COMM_WORLD_RANK"), ("WORLD_SIZE", "OMPI_COMM_WORLD_SIZE"),
            ("LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK"),
        ] {
            if let value = process.nonEmpty(source) { result[name] = value }
        }
        return result.variables
    }
}

/// How a rank failed, as it says to its host's runner.
struct RankEnd: Sendable {
    /// Its number among all ranks.
    var rank: Int
    /// Its process.
    var processID: Int32
    /// How the process ended.
    var cause: ProcessExit.Cause
    /// When, by the host's monotonic clock in nanoseconds.
    var at: Int64
    /// Whether the engine had told it to end.
    var wasTold: Bool
    /// What the launcher reported.
    var report: [UInt8]?

    /// Writes it where the host's runner looks.
    ///
    /// - Parameter folder: `RankDocument.reports`.
    /// - Throws: `Errno` when it cannot be written.
    func write(to folder: FilePath) throws {
        var object: JSONObject = [
            "rank": .number(JSONNumber(rank)), "process": .number(JSONNumber(Int(processID))),
            "at": .number(JSONNumber(at)), "wasTold": .bool(wasTold),
        ]
        switch cause {
        case .exited(let code): object["exitCode"] = .number(JSONNumber(Int(code)))
        case .signalled(let number, let core):
            object["signal"] = .number(JSONNumber(Int(number)))
            object["coreDumped"] = .bool(core)
        }
        if let report { object["report"] = .string(String(decoding: report, as: UTF8.self)) }
        let text = JSONValue.object(object).serialized(pretty: true) + "\n"
        try replaceFile(folder.appending("rank-\(rank).json"), with: Array(text.utf8))
    }

    /// Reads one.
    ///
    /// - Parameter file: The file; nil when it is none.
    init?(file: FilePath) {
        guard let bytes = try? readSmallFileBytes(file), let object = try? JSONText.parse(bytes).objectValue,
            let rank = object["rank"]?.intValue, let at = object["at"]?.intValue
        else { return nil }
        self.rank = rank
        self.at = Int64(at)
        processID = Int32(clamping: object["process"]?.intValue ?? 0)
        wasTold = object["wasTold"]?.boolValue ?? false
        report = object["report"]?.stringValue.map { Array($0.utf8) }
        if let number = object["signal"]?.intValue {
            cause = .signalled(number: Int32(clamping: number), coreDumped: object["coreDumped"]?.boolValue ?? false)
        } else {
            cause = .exited(code: Int32(clamping: object["exitCode"]?.intValue ?? 1))
        }
    }

    /// Makes an end.
    init(rank: Int, processID: Int32, cause: ProcessExit.Cause, at: Int64, wasTold: Bool, report: [UInt8]?) {
        self.rank = rank
        self.processID = processID
        self.cause = cause
        self.at = at
        self.wasTold = wasTold
        self.report = report
    }

    /// The rank of a host that failed first, of those that nobody told to end.
    ///
    /// Blocks.
    ///
    /// - Parameter folder: Where they say so.
    /// - Returns: nil when none failed by itself.
    static func first(in folder: FilePath) -> RankEnd? {
        // No folder, no failure.
        let names = (try? directoryEntryNames(folder)) ?? []
        let ends = names.compactMap { RankEnd(file: folder.appending(bytes: $0)) }
        return ends.filter { !$0.wasTold }.min { ($0.at, $0.rank) < ($1.at, $1.rank) }
    }
}
