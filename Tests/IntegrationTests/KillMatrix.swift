import RunnerCore
import RunnerTestSupport
import Testing

/// Ways in which a job ends or is hurt, each with what is recovered of it afterwards: the rows of BENCHMARKS.md.
struct KillMatrix: Sendable, CustomTestStringConvertible {
    /// What was recovered, in the words of the table.
    struct Recovered: Hashable, Sendable {
        /// How the runner ended.
        var exit = ""
        /// What the result archive in the store holds.
        var results = ""
        /// What a new machine restores.
        var checkpoints = ""
        /// What the log in the store holds.
        var log = ""
        /// What the record in the store says.
        var record = ""

        /// The cells of a row.
        var cells: [String] { [exit, results, checkpoints, log, record] }
    }

    /// What is done to the job.
    enum Hurt: Hashable, Sendable {
        /// The script does it to itself: lines of Python.
        case script(String)
        /// The runner gets a signal while the script sleeps.
        case signal(Int32)
        /// The script outlives `--max-runtime`.
        case timeLimit
        /// The script fills the disk that holds the root.
        case diskFull
        /// The store hangs up on every request from before the script's end until after it.
        case storeDown
        /// The keys of the store change every few seconds, and the old ones are refused.
        case rotatedKeys
        /// The store hangs up on every request from before the script's end on.
        case storeGone
        /// The keys of the store end before the script does, and there are no others.
        case expiredKeys

        /// Whether the store takes nothing any more.
        var isLost: Bool { self == .storeGone || self == .expiredKeys }
    }

    /// The first cell of the row.
    let testDescription: String
    /// What is done.
    let hurt: Hurt
    /// What must be recovered.
    let expected: Recovered

    /// Everything that was written and closed before the end.
    private static let all = ("2 of 2 files", "set 2 of 2", "4 of 4 lines")

    private static func whole(_ name: String, _ hurt: Hurt, _ exit: String, _ record: String) -> KillMatrix {
        KillMatrix(
            testDescription: name,
            hurt: hurt,
            expected: Recovered(exit: exit, results: all.0, checkpoints: all.1, log: all.2, record: record)
        )
    }

    private static let onDisk = "2 of 2 files on the disk, in `previous/1` of a new start"

    /// What was safe before stays, and the record says what is not.
    private static func lost(_ name: String, _ hurt: Hurt) -> KillMatrix {
        KillMatrix(
            testDescription: name,
            hurt: hurt,
            expected: Recovered(
                exit: "74",
                results: onDisk,
                checkpoints: "set 1 of 2",
                log: "2 of 4 lines, all on the disk",
                record: "on the disk: FAILED: results-not-safe, NOT SAFE: 2 files"
            )
        )
    }

    /// The rows.
    static let rows: [KillMatrix] = [
        whole("exception in the script", .script("raise ValueError('boom')"), "1", "FAILED: user-exception"),
        whole("`sys.exit(\"text\")`", .script("sys.exit('no luck')"), "1", "FAILED: exit-with-text"),
        whole(
            "SIGSEGV of the script",
            .script("os.kill(os.getpid(), signal.SIGSEGV)"),
            "139",
            "FAILED: segmentation-fault"
        ),
        whole("SIGKILL of the script", .script("os.kill(os.getpid(), signal.SIGKILL)"), "137", "FAILED: signal"),
        whole("SIGTERM to the runner", .signal(15), "143", "CANCELLED: stopped"),
        whole("time limit", .timeLimit, "124", "FAILED: time-limit"),
        whole("disk full", .diskFull, "1", "FAILED: disk-full"),
        whole("store down, then up", .storeDown, "0", "COMPLETED"),
        whole("keys rotated every 3 s", .rotatedKeys, "0", "COMPLETED"),
        lost("store down for good, `--timeout upload=5`", .storeGone),
        lost("keys expired for good", .expiredKeys),
        KillMatrix(
            testDescription: "SIGKILL of the runner",
            hurt: .signal(9),
            expected: Recovered(
                exit: "signal 9",
                results: onDisk,
                checkpoints: "a whole set, 1 or 2",
                log: "all but the last seconds",
                record: "on the disk: RUNNING, with the safe point"
            )
        ),
    ]

    /// The table of BENCHMARKS.md.
    static var table: String {
        let head = ["end", "exit", "results", "checkpoints on a new machine", "log", "record"]
        let lines = [head, head.map { _ in "---" }] + rows.map { [$0.testDescription] + $0.expected.cells }
        return lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }

    /// The script of every row: saves a set, waits until that is safe, saves another one, and ends as the row says.
    ///
    /// A set is two checkpoints with one number; a result and a line of output go with it.
    var script: String {
        """
        import os, signal, sys, time
        results, d = os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"], os.environ["AMZN_BRAKET_CHECKPOINT_DIR"]
        def read(name): return open(d + "/" + name).read() if os.path.exists(d + "/" + name) else "none"
        print("HAD", read("model"), read("optimizer"), flush=True)
        if os.environ.get("LOOK"): sys.exit()
        def save(number):
            for name in ("model", "optimizer"):
                with open(d + "/new", "w") as file: file.write(str(number))
                os.replace(d + "/new", d + "/" + name)
            with open(results + f"/result-{number}", "w") as file: file.write(str(number))
            print("SET", number, flush=True)
        save(1)
        while not os.path.exists(os.environ["GO"]): \(wait)
        save(2)
        print("LAST", flush=True)
        \(end)

        """
    }

    private var wait: String {
        // Something to be sent, so that the store is asked again and again.
        hurt == .rotatedKeys ? "print('TICK', flush=True); time.sleep(0.2)" : "time.sleep(0.02)"
    }

    private var end: String {
        switch hurt {
        case .script(let end): end
        case .signal, .timeLimit:
            """
            parent = os.getppid()
            while os.getppid() == parent: time.sleep(0.1)
            """
        case .diskFull:
            """
            with open("filler", "wb", 0) as file:
                while True: file.write(bytes(1 << 20))
            """
        case .storeDown, .rotatedKeys, .storeGone, .expiredKeys: "pass"
        }
    }
}
